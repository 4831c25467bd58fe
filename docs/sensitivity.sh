#!/bin/sh
# Prints the sensitivity table of incident 1 in docs/findings.md: each row changes one constant of
# `payment-index-loss` and plays it again, on one of the fleet's ten cells (`--cells 1`).
#
#     cargo build --release && docs/sensitivity.sh
#
# It needs only a shell and awk, and takes about ten seconds a row. DOORBUSTER names another binary.
set -u
cd "$(dirname "$0")/.." || exit 2
doorbuster=${DOORBUSTER:-target/release/doorbuster}
if [ ! -x "$doorbuster" ]; then
    echo "no $doorbuster: run \`cargo build --release\` first" >&2
    exit 2
fi
out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT

# Reads the values of a few verdicts off `--json` and prints them as cells of a row.
cells='
    /"id":/    { id = $2; gsub(/[",]/, "", id) }
    /"value":/ { value = $2; sub(/,$/, "", value); if (!(id in values)) values[id] = value }
    function share(id) { return values[id] == "null" || !(id in values) ? "none" : sprintf("%.1f %%", 100 * values[id]) }
    function time(id, unit) {
        if (values[id] == "null" || !(id in values)) return "never"
        return unit == "ms" && values[id] < 1 ? sprintf("%.0f ms", 1000 * values[id]) : sprintf("%.4g s", values[id])
    }
    END {
        printf "%s | %s | %s | %s | %s | %s |\n", share("incident.success.before"),
            share("incident.success.during"), share("incident.success.after"),
            time("incident.p99.during", "ms"), time("detection.alert"), time("detection.recovered")
    }'

# row WORDS [PATH=VALUE]
row() {
    words=$1
    shift
    "$doorbuster" run payment-index-loss --cells 1 --json --out "$out" ${1:+--set "$1"} >"$out/told.json" 2>"$out/error"
    code=$?
    if [ $code -ne 0 ] && [ $code -ne 99 ]; then
        cat "$out/error" >&2
        exit $code
    fi
    printf '| %s | ' "$words"
    awk "$cells" "$out/told.json"
}

store=stores.payments
table=$store.tables.payments
pay=services.gateway.endpoints.pay.do.2.call
retry=journeys.buy.on_failure.retry
share=faults.index_lost.change.lost_index.shards
pool=services.payment.pools.payments.size

echo '| what is changed | before | during | after | p99 during | alert | recovered |'
echo '|---|---:|---:|---:|---:|---:|---:|'
row 'nothing'
row 'rows 9M to 7.2M (-20 %)' $table.rows=7.2M
row 'rows 9M to 8.1M (-10 %)' $table.rows=8.1M
row 'rows 9M to 9.9M (+10 %)' $table.rows=9.9M
row 'rows 9M to 10.8M (+20 %)' $table.rows=10.8M
row 'scan rate 2M/s to 1.8M/s (-10 %)' $table.scan_rate=1.8M/s
row 'scan rate 2M/s to 2.2M/s (+10 %)' $table.scan_rate=2.2M/s
row 'share of shards 25 % to 22.5 % (-10 %; still 4 of 16)' $share=22.5%
row 'share of shards 25 % to 27.5 % (+10 %; still 4 of 16)' $share=27.5%
row 'share of shards 10 % (2 of 16)' $share=10%
row 'share of shards 20 % (3 of 16)' $share=20%
row 'share of shards 30 % (5 of 16)' $share=30%
row 'share of shards 40 % (6 of 16)' $share=40%
row 'share of shards 50 % (8 of 16)' $share=50%
row 'cores of a shard 4 to 2' $store.cores=2
row 'cores of a shard 4 to 3' $store.cores=3
row 'cores of a shard 4 to 5' $store.cores=5
row 'cores of a shard 4 to 8' $store.cores=8
row 'shoppers who try again 30 % to 0 %' $retry=0%
row 'shoppers who try again 30 % to 27 % (-10 %)' $retry=27%
row 'shoppers who try again 30 % to 33 % (+10 %)' $retry=33%
row 'shoppers who try again 30 % to 60 %' $retry=60%
row 'traffic 60k/s to 54k/s (-10 %)' traffic.poisson=54k/s
row 'traffic 60k/s to 66k/s (+10 %)' traffic.poisson=66k/s
row "caller's timeout 5 s to 4.5 s (-10 %)" $pay.timeout=4.5s
row "caller's timeout 5 s to 5.5 s (+10 %)" $pay.timeout=5.5s
row 'pool 16 to 14 connections' $pool=14
row 'pool 16 to 18 connections' $pool=18
