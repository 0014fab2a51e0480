#!/usr/bin/env bash
# Lacuna's engine against its peers, in one run: several pairs of `lacuna bench` and a script that measures the peers with the
# same architecture, in turn, so that a noisy machine is noisy to both. Prints every pair and the medians of the ratios.
#
# usage: scripts/bench-peers.sh PEERS_SCRIPT [PAIRS] [-- more flags of `lacuna bench`]
#
# PEERS_SCRIPT takes --threads --batch --cols --dim --depth --heads --ddim --ddepth --dheads --seconds, and prints a line of
# JSON per peer: its name and version, and rows/s of what it measures: {"torch": "1.13", "train": 300, "embed": 900, "score": 900}.
set -euo pipefail
cd "$(dirname "$0")/.."
peers=${1:?usage: scripts/bench-peers.sh PEERS_SCRIPT [PAIRS] [-- flags]}; pairs=${2:-3}
shift $(($# > 1 ? 2 : 1)); [ "${1:-}" = -- ] && shift
threads=2 batch=1024 columns=32 dim=128 depth=4 heads=4 decoder_dim=64 decoder_depth=2 decoder_heads=4 seconds=6 more=()
while [ $# -gt 0 ]; do
	name=${1#--}; name=${name//-/_}
	case $name in
	threads | batch | columns | dim | depth | heads | decoder_dim | decoder_depth | decoder_heads | seconds) printf -v "$name" %s "$2" ;;
	*) more+=("$1" "$2") ;;
	esac
	shift 2
done
make -s build
results=$(mktemp) && trap 'rm -f "$results"' EXIT
for _ in $(seq "$pairs"); do
	build/lacuna bench --kind tabular --columns "$columns" --dim "$dim" --depth "$depth" --heads "$heads" --decoder-dim "$decoder_dim" \
		--decoder-depth "$decoder_depth" --decoder-heads "$decoder_heads" --mask-ratio 0.5 --batch "$batch" --threads "$threads" \
		--seconds "$seconds" --json "${more[@]}" | tee -a "$results"
	bash "$peers" --threads "$threads" --batch "$batch" --cols "$columns" --dim "$dim" --depth "$depth" --heads "$heads" --ddim "$decoder_dim" \
		--ddepth "$decoder_depth" --dheads "$decoder_heads" --seconds "$seconds" | tee -a "$results"
done
go run ./scripts/ratios <"$results"
