"""Says of each order whether it may be placed."""

import sys

import limits

VERSION = "4.2"
LIMITS = "/etc/risk/limits.ini"

print("risk", VERSION, "is ready", flush=True)
for order in sys.stdin:
    print("yes" if 0 < int(order) <= limits.largest(LIMITS) else "no", flush=True)
