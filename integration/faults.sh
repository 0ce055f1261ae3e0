#!/bin/bash
# Runs that break things, one line each with its figures; the last line is "N passed, N failed".
#
#   integration/faults.sh [--long] [--seed N] [--only RUN]...
#
# --long takes the long numbers (2,000 power cuts and so on). --seed repeats a run with the seed it printed. The binaries
# must be built: ninja -C build/release store_faults_test store_golden_test; "backup" and "rotation" also need the hub, anqiaoctl,
# the adapters and agency_employment.
set -uo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${ANQIAO_BUILD:-$ROOT/build/release}
cd "$ROOT" || exit 1

long=0
only=()
while (($#)); do
  case $1 in
    --long) long=1 ;;
    --seed) export AQ_FAULT_SEED=${2:?--seed takes a number}; shift ;;
    --only) only+=("${2:?--only takes the name of a run}"); shift ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown argument $1; see --help" >&2; exit 2 ;;
  esac
  shift
done
pick() { if ((long)); then echo "$2"; else echo "$1"; fi; }  # pick SHORT LONG
store=$BUILD/tests/hub/store/store_faults_test

# Name, then the command; its last lines that say what was done are shown. Add a run here.
names=() commands=()
run() { names+=("$1"); commands+=("$2"); }  # run NAME COMMAND
run power_loss "AQ_POWER_LOSS_CYCLES=$(pick 300 2000) $store --gtest_filter='*.PowerLoss*'"
run disk_full "AQ_DISK_FILLS=$(pick 50 500) $store --gtest_filter='*.AFullDisk*'"
run io_errors "AQ_IO_ERRORS_PER_SITE=$(pick 3 20) $store --gtest_filter='*.NothingIsAcknowledged*:*.IoErrors*'"
run damage "AQ_DAMAGES=$(pick 500 5000) $store --gtest_filter='*.Damage*'"
run golden "$BUILD/tests/hub/store/store_golden_test --gtest_filter='*.Version*'"

# On the real binaries.
keeping="/usr/bin/python3 integration/keeping.py ${AQ_FAULT_SEED:+--seed $AQ_FAULT_SEED} $(pick '' --long)"
run backup "$keeping --dir build/faults_backup --only backup"
run rotation "$keeping --dir build/faults_rotation --only rotation"

for name in ${only[@]+"${only[@]}"}; do
  [[ " ${names[*]} " == *" $name "* ]] || { echo "--only takes one of: ${names[*]}" >&2; exit 2; }
done
passed=0 failed=0
mkdir -p build
for i in "${!names[@]}"; do
  name=${names[$i]} log=$ROOT/build/faults_${names[$i]}.log started=$SECONDS
  ((${#only[@]})) && [[ " ${only[*]} " != *" $name "* ]] && continue
  if bash -c "${commands[$i]}" >"$log" 2>&1; then
    verdict=passed passed=$((passed + 1))
  else
    verdict=FAILED failed=$((failed + 1))
  fi
  figures=$(grep -E ', seed [0-9]+:|^\[  PASSED  \]' "$log" | sed 's/^\[  PASSED  \] //' | paste -sd '|' | sed 's/|/ | /g')
  printf '%-12s %s in %d s: %s\n' "$name" "$verdict" $((SECONDS - started)) "$figures"
  [[ $verdict == passed ]] || { grep -vE '^\[' "$log" | tail -n 12; echo "whole log: $log"; }
done
echo "$passed passed, $failed failed"
((failed == 0))
