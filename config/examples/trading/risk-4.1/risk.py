"""Says of each order whether it may be placed."""

import sys

import limits

VERSION = "4.1"
LIMITS = "/etc/risk/limits.ini"

print("risk", VERSION, "is ready", flush=True)
for order in sys.stdin:
    print("yes" if int(order) <= limits.largest(LIMITS) else "no", flush=True)
