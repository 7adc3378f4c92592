"""How a command ends: one exit code per kind of ending, and one clear line.

====  =======================================================
code  meaning
====  =======================================================
0     good (also: the reader of a pipe went away)
1     our fault
2     wrong usage
3     a gate is not passed (``--gate``)
4     the data is not what it should be, or cannot be written
5     an extra is not installed
130   interrupted; what was done is kept
====  =======================================================
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeGuard

from fidelia.errors import OUT_OF_MEMORY, DataError, FideliaError

if TYPE_CHECKING:
    from typer import TyperException

OUR_FAULT = 1
USAGE = 2
INTERRUPTED = 130
_FULL_OR_FORBIDDEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS})


class Interrupted(FideliaError):  # noqa: N818 - reads as what it is
    """The user stopped the work; the message says what is kept."""

    exit_code = INTERRUPTED


@contextmanager
def interruptible(kept: Callable[[KeyboardInterrupt], str]) -> Iterator[None]:
    """Turn Ctrl-C into `Interrupted`; `kept` saves what is done and says so."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise Interrupted(f"Interrupted. {kept(stop)}") from stop


def guarded(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; every ending but success is one line on stderr."""
    debug = "--debug" in arguments
    logging.captureWarnings(capture=True)  # other libraries' warnings are for -v
    try:
        return _call(arguments)
    except BrokenPipeError:
        return _hang_up()
    except SystemExit as end:
        return _hang_up() if isinstance(end.__context__, BrokenPipeError) else _exit_code(end)
    except FideliaError as error:
        return _say(error, str(error), error.exit_code, debug)
    except KeyboardInterrupt as error:
        return _say(error, "Interrupted.", INTERRUPTED, debug)
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever comes becomes one line and a code
        return _unforeseen(error, debug)
    finally:
        logging.captureWarnings(capture=False)


def _call(arguments: Sequence[str]) -> int:
    from typer.main import get_command

    from fidelia.cli.app import app

    code = get_command(app)(list(arguments), prog_name="fidelia", standalone_mode=False)
    sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _exit_code(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else OUR_FAULT if end.code else 0


def _unforeseen(error: Exception, debug: bool) -> int:
    if _is_usage(error):
        return _say(error, _usage(error), error.exit_code, debug)
    if isinstance(error, OSError) and error.errno in _FULL_OR_FORBIDDEN:
        where = f"{error.filename}: " if error.filename else ""
        return _say(error, f"{where}{error.strerror}; nothing was left half-written", DataError.exit_code, debug)
    if isinstance(error, MemoryError):
        return _say(error, OUT_OF_MEMORY, OUR_FAULT, debug)
    hint = "" if debug else " This is a fault of fidelia: run again with --debug and report what it shows."
    return _say(error, f"{type(error).__name__}: {_one_line(error)}{hint}", OUR_FAULT, debug)


def _say(error: BaseException, message: str, code: int, debug: bool) -> int:
    from rich.text import Text

    from fidelia.cli.voice import console

    if debug:
        traceback.print_exception(error, file=sys.stderr)
    head = Text("" if code == INTERRUPTED else "Error: ", style="bold red")
    console().print(head.append(message, style="not bold default"), soft_wrap=True, highlight=False)
    return code


def _is_usage(error: Exception) -> TypeGuard[TyperException]:
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _usage(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "fidelia"
    message = error.format_message().replace("Value error, ", "")  # what pydantic puts before words of others
    return f"{_sentence(message)} See: {command} --help"


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return _sentence(lines[0] if lines else "no message")


def _sentence(text: str) -> str:
    """End a text with one full stop, unless it ends with a sign already."""
    text = text.rstrip(" .")
    return text if text.endswith(("?", "!")) else f"{text}."


def _hang_up() -> int:
    """Let the interpreter's last flush of stdout go nowhere: the reader of the pipe has all that it wanted."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return 0
