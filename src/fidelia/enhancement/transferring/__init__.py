"""From a large source to a small target: generators tuned on few rows, and labels carried over to shifted rows."""
