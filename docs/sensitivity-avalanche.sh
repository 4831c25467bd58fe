#!/bin/sh
# Prints the sensitivity tables of incident 2 in docs/findings.md: each table sweeps one constant of `inventory-avalanche`, on one
# of the fleet's ten cells, with the fault after 100 s, no remedy, and five minutes in all.
#
#     cargo build --release && docs/sensitivity-avalanche.sh
#
# It takes about a quarter of a minute a row. DOORBUSTER names another binary. A PATH=VALUES as argument plays that table alone.
set -eu
cd "$(dirname "$0")/.."
doorbuster=${DOORBUSTER:-target/release/doorbuster}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# sweep PATH=VALUES
sweep() {
    "$doorbuster" run inventory-avalanche --cells 1 --set duration=5min --set faults.pool_cut.at=100s \
        --set 'remedies={}' --set 'expect={}' --sweep "$1" --quiet --out "$out/sweep"
    printf '\n### %s\n\n' "${1%%=*}"
    grep '^|' "$out/sweep/sweep.md"
}

if [ $# -gt 0 ]; then
    sweep "$1"
    exit
fi
sweep faults.pool_cut.change.pool_size.size=1,2,3,4
sweep services.inventory.costs.failed_acquire=40us,75us,100us,300us
sweep services.inventory.pools.stock.acquire_timeout=50ms,200ms,500ms
sweep services.gateway.workers=50,150,300
sweep services.product.endpoints.detail.do.3.branch.probability=2%,4%,14%
sweep services.product.endpoints.detail.do.3.branch.do.0.call.timeout=500ms,1s,3s,10s
