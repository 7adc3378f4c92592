"""Is this vendor's file any good? No model is needed, only the rows that were bought and real ones.

python examples/vendors_file.py
"""

import fidelia as fd

real = fd.read(fd.sample_path("adult"), target="income")
parts = fd.split(real, holdout=0.3, rng=fd.Rng(0))

# The vendor, for this example: independent columns. Each column is right, and no row is.
vendor = fd.fit(parts.train, generator="marginals").sample_table(len(parts.train))

codes = ["FID01", "FID02", "FID16", "FID26"]  # leave them away to measure all that there is
outcome = fd.evaluate(parts.train, vendor, holdout=parts.holdout, codes=codes, seed=0)
print(outcome)

print("\nEach column by itself is as good as fresh real rows:")
for code in ("FID01", "FID02"):
    print(f"  {outcome[code]['name']}: {outcome[code]['value']:.3f} beside {outcome[code]['reference']['value']:.3f}")

print("Rows are not:")
for code in ("FID16", "FID26"):
    print(f"  {outcome[code]['name']}: {outcome[code]['value']:.3f} beside {outcome[code]['reference']['value']:.3f}")

print("\nWhat is wrong, worst first:")
for finding in outcome.document["findings"]:
    if finding["severity"] in ("fail", "warning"):
        print(f"  {finding['sentence']}")
