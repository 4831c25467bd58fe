#!/usr/bin/env bash
# Where the generator's time goes: a delivery over gRPC to a null sink under `perf`, by part, in nanoseconds for each span.
#
#     docs/profile.sh [requests/s, 300000 when left out]
#
# Needs Linux's perf and the release program. The shares are those of the whole measurement, its warm-up included; they are laid on the cost
# of the part that is measured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly RATE=${1:-300000}
command -v perf >/dev/null || { echo "error: there is no perf: apt-get install linux-perf" >&2; exit 1; }
folder=$(mktemp -d)
readonly folder
trap 'rm -rf "$folder"' EXIT
[[ -x target/release/doorbuster ]] || { echo "error: there is no target/release/doorbuster: cargo build --release" >&2; exit 1; }
perf record --quiet -F 499 -a -o "$folder/perf" -- target/release/doorbuster bench generator --stage deliver-grpc \
    --rate "$RATE/s" --seconds 15 --warm-up 15 --json >"$folder/row.json"
perf report -i "$folder/perf" --no-children --stdio -g none --sort comm,dso,sym 2>/dev/null >"$folder/symbols"
field() { sed -n "s/^ *\"$1\": \([0-9.]*\),*$/\1/p" "$folder/row.json"; }
printf 'at %s requests/s asked: %.0f requests/s delivered, %s and at the sink %s CPU seconds per million spans\n\n' \
    "$RATE" "$(field requests_per_s)" "$(field cpu_s_per_million_spans)" "$(field sink_cpu_s_per_million_spans)"
awk -v cost="$(field cpu_s_per_million_spans)" '
    /^ *[0-9.]+%/ {
        share = $1 + 0
        thread = $2
        if (thread ~ /^sink-/) { next }
        if (thread !~ /^(doorbuster|deliver-)/) { next }
        is_kernel = $0 ~ /\[k\]/
        if (thread ~ /^deliver-/) part = is_kernel ? ($0 ~ /copy_from_iter/ ? "lines: the kernel copies bodies" : "lines: the kernel otherwise") : "lines: ours and hyper"
        else if ($0 ~ /clear_page/) part = "pages cleared"
        else if (is_kernel) part = "kernel otherwise (wake-ups, faults, interrupts)"
        else if ($0 ~ /templates|memmove|memcpy|send::/) part = "encode"
        else part = "simulate"
        sum[part] += share
        all += share
    }
    END {
        for (part in sum) printf "%6.1f %%  %6.1f ns a span  %s\n", 100 * sum[part] / all, 1000 * cost * sum[part] / all, part | "sort -rn"
    }' "$folder/symbols"
