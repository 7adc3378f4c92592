"""The first synthetic table: split, fit, sample, measure and audit in one call.

python examples/first_table.py
"""

import fidelia as fd

real = fd.read(fd.sample_path("adult"), target="income")  # or your csv, parquet, excel, pandas, polars, pyarrow
result = fd.run(real, seed=0)

print(result)  # the verdict in words
for code in ("FID16", "DIV01", "AUT01"):  # alpha-precision, beta-recall, authenticity
    score = result[code]
    print(f"{score['name']}: {score['value']:.3f}, fresh real rows {score['reference']['value']:.3f}")

files = result.write("out/first_table")  # rows, report, audit, model, recipe
print(f"look into {files[-1]}")
