#!/bin/sh
# Prints the sensitivity tables of incident 2 in docs/findings.md: each table sweeps one constant of `inventory-avalanche`, on one
# of the fleet's ten cells, with the fault after two minutes, no remedy, and six minutes in all.
#
#     cargo build --release && docs/sensitivity-avalanche.sh
#
# It takes about half a minute a row. DOORBUSTER names another binary.
set -eu
cd "$(dirname "$0")/.."
doorbuster=${DOORBUSTER:-target/release/doorbuster}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# sweep PATH=VALUES
sweep() {
    "$doorbuster" run inventory-avalanche --cells 1 --set duration=6min --set faults.pool_cut.at=2min \
        --set 'remedies={}' --set 'expect={}' --sweep "$1" --quiet --out "$out/sweep"
    printf '\n### %s\n\n' "${1%%=*}"
    grep '^|' "$out/sweep/sweep.md"
}

sweep faults.pool_cut.change.pool_size.size=1,2,3,4,6,8
sweep services.inventory.costs.failed_acquire=20us,40us,75us,150us,300us
sweep services.inventory.pools.stock.acquire_timeout=25ms,50ms,100ms,200ms,500ms
sweep services.gateway.workers=50,100,200,300,550,1100
sweep services.product.endpoints.detail.do.3.branch.probability=1%,2%,4%,7%,14%
sweep services.product.endpoints.detail.do.3.branch.do.0.call.timeout=500ms,1s,3s,10s,30s
