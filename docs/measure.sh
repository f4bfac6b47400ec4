#!/usr/bin/env bash
# Every figure of docs/performance.md, in about ten minutes on an idle machine:
#   bash docs/measure.sh [FILE.mdl ...] | tee figures.txt
# Give further models to measure them like the shipped one.
set -euo pipefail

part() { printf '\n== %s\n\n' "$*"; "$@"; }

date
uptime
part sdmodel doctor
part sdmodel bench --million
for model in "$@"; do
  part sdmodel bench --million --model "$model"
done
part sdmodel bench --scaling
uptime # a load far above the one core or two that worked here says: measure again
