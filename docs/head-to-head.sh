#!/usr/bin/env bash
# Prints the table "Head to head" of docs/benchmarks.md: generators of spans on this machine, in one run, one after the other.
#
#     cargo build --release && cargo build --release --example sdk_peer && .ci/peers && docs/head-to-head.sh
#
# Spans are counted by a `doorbuster sink --count` of its own for each row, in another process on the same cores, and not by what
# a tool says of itself. Only loopback addresses are loaded, each row for about ten seconds; PEER_SECONDS is another length.
# DOORBUSTER and SDK_PEER name other binaries. CPU is user and system of the tool alone, over the spans that the sink received.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly SECONDS_OF_ROW=${PEER_SECONDS:-10}
readonly DOORBUSTER=${DOORBUSTER:-target/release/doorbuster}
readonly SDK_PEER=${SDK_PEER:-target/release/examples/sdk_peer}
readonly TELEMETRYGEN=target/peers/telemetrygen
readonly LONGEST_ROW=180 # seconds; a tool that does not end is ended

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

[[ -x "$DOORBUSTER" ]] || fail "there is no $DOORBUSTER: cargo build --release"
[[ -x "$SDK_PEER" ]] || fail "there is no $SDK_PEER: cargo build --release -p doorbuster --example sdk_peer"
[[ -x "$TELEMETRYGEN" ]] || fail "there is no $TELEMETRYGEN: .ci/peers"

OUT=$(mktemp -d)
SINK=
readonly OUT
ended() {
    [[ -z "$SINK" ]] || kill "$SINK" 2>/dev/null || true
    rm -rf "$OUT"
}
trap ended EXIT

# A sink on free ports; sets SINK, GRPC (host and port). Its record is written when it ends.
start_sink() {
    rm -f "$OUT/record.json"
    : >"$OUT/doors" # it is read before the sink has made it
    "$DOORBUSTER" sink --count --threads 1 --grpc 127.0.0.1:0 --http 127.0.0.1:0 --quiet --out "$OUT/record.json" >"$OUT/doors" &
    SINK=$!
    for _ in $(seq 200); do
        GRPC=$(sed -n 's/^grpc *//p' "$OUT/doors")
        [[ -z "$GRPC" ]] || return 0
        sleep 0.05
    done
    fail "the sink does not listen"
}

end_sink() {
    kill -TERM "$SINK"
    wait "$SINK" || fail "the sink ended with an error"
    SINK=
}

# The first value of a number in a file of JSON.
field() {
    grep -o "\"$1\": *[0-9.]*" "$2" | head -n 1 | sed 's/.*: *//'
}

# What each tool says that it made, out of what it printed.
made_by_telemetrygen() { grep -o '"traces": [0-9]*' "$OUT/told" | awk '{ sum += $2 } END { print 12 * sum }'; }
made_by_sdk() { sed -n 's/^made //p' "$OUT/told"; }
made_by_doorbuster() { field spans "$OUT/told"; }

# row NAME MADE_BY COMMAND...: plays a tool against a sink; GRPC in the command is replaced by the sink's address.
row() {
    local name=$1 made_by=$2
    shift 2
    start_sink
    local command=("${@//GRPC/$GRPC}") code=0
    TIMEFORMAT='%U %S'
    { time timeout "$LONGEST_ROW" "${command[@]}" >"$OUT/told" 2>&1; } 2>"$OUT/cpu" || code=$?
    end_sink
    # 99 and 75 are words about the load, and 1 is a tool that lost some of it: what arrived is counted all the same.
    [[ "$code" =~ ^(0|1|75|99)$ ]] || { cat "$OUT/told" >&2 && fail "$name ended with $code"; }
    local made
    made=$("$made_by")
    awk -v name="$name" -v made="${made:-0}" -v cpu="$(cat "$OUT/cpu")" -v got="$(field spans "$OUT/record.json")" \
        -v bytes="$(field bytes "$OUT/record.json")" -v first="$(field first_unix_ns "$OUT/record.json")" \
        -v last="$(field last_unix_ns "$OUT/record.json")" -v sink="$(field cpu_s "$OUT/record.json")" '
        function count(n) { return n < 1e6 ? sprintf("%.0fk", n / 1e3) : sprintf("%.2fM", n / 1e6) }
        BEGIN {
            if (got == 0) { printf "| %s | %s | 0 | | | | | |\n", name, count(made); exit }
            split(cpu, used, " ")
            printf "| %s | %s | %s | %s | %s | %.2f | %.2f | %.0f |\n", name, count(made), count(got), \
                (made > 0 ? sprintf("%.1f %%", 100 * got / made) : "not said"), count(got / ((last - first) / 1e9)), \
                (used[1] + used[2]) / got * 1e6, sink / got * 1e6, bytes / got
        }'
}

# Delivery into a null sink, as `bench generator` measures it: nobody counts, but every body was answered.
bench_row() {
    "$DOORBUSTER" bench generator --stage deliver-grpc --rate 500k/s --warm-up 20 --seconds "$SECONDS_OF_ROW" --json >"$OUT/told" 2>"$OUT/error" ||
        { cat "$OUT/error" >&2 && fail "bench generator"; }
    awk -v rate="$(field spans_per_s "$OUT/told")" -v cpu="$(field cpu_s_per_million_spans "$OUT/told")" \
        -v sink="$(field sink_cpu_s_per_million_spans "$OUT/told")" -v bytes="$(field bytes_per_span "$OUT/told")" 'BEGIN {
            printf "| doorbuster, `bench generator`, quiet-day at 500k requests/s; null sink, not counted | | | all answered | %.2fM | %.2f | %.2f | %.0f |\n", \
                rate / 1e6, cpu, sink, bytes
        }'
}

printf '%s UTC, commit %s, %s cores (%s), load %s before\n\n' "$(date -u '+%Y-%m-%d %H:%M')" "$(git rev-parse --short HEAD)" "$(nproc)" \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(cut -d ' ' -f 1 /proc/loadavg)"
printf '| tool | says it made | sink received | of it | spans/s received | CPU s per million received | sink, the same | bytes a span |\n'
printf '|---|---:|---:|---:|---:|---:|---:|---:|\n'
for workers in 1 2; do
    row "telemetrygen 0.161.0, workers: $workers, as fast as it goes" made_by_telemetrygen \
        "$TELEMETRYGEN" traces --otlp-insecure --otlp-endpoint GRPC --child-spans 11 --rate 0 --duration "${SECONDS_OF_ROW}s" --workers "$workers"
done
row "Rust SDK 0.33, batch processor, 20k spans/s asked" made_by_sdk "$SDK_PEER" http://GRPC "$SECONDS_OF_ROW" 20000
row "Rust SDK 0.33, batch processor, as fast as it goes" made_by_sdk "$SDK_PEER" http://GRPC "$SECONDS_OF_ROW"
row "doorbuster, \`send --speed max\`, quiet-day at 500k requests/s" made_by_doorbuster \
    "$DOORBUSTER" send quiet-day --to http://GRPC --rate 500k/s --for "${SEND_FOR:-10s}" --speed max --signals traces --json
bench_row
printf '\nload %s after\n' "$(cut -d ' ' -f 1 /proc/loadavg)"
