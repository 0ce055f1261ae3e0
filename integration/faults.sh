#!/bin/bash
# Runs that break things, one line each with its figures; the last line is "N passed, N failed".
#
#   integration/faults.sh [--long] [--seed N] [--check-mutants] [--jobs N] [--only RUN]...
#
# --long takes the long numbers (2,000 power cuts and so on). --seed repeats a run with the seed it printed. --check-mutants runs each
# with a hub that breaks the promise in question, and passes if the run notices. --jobs runs as many at a time (1): some wait most of
# their time. --only may be given again and says the order. The binaries must be built:
# ninja -C build/release store_faults_test store_golden_test engine_away_test anqiaod anqiaod_faulty anqiaoctl agency_employment hostile_NONE, and the four adapters
set -uo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${ANQIAO_BUILD:-$ROOT/build/release}
cd "$ROOT" || exit 1

long=0 check=0 seed= jobs=1
only=() passed_on=()
while (($#)); do
  case $1 in
    --long) long=1 passed_on+=("$1") ;;
    --check-mutants) check=1 passed_on+=("$1") ;;
    --seed) seed=${2:?--seed takes a number}; export AQ_FAULT_SEED=$seed; passed_on+=("$1" "$2"); shift ;;
    --jobs) jobs=${2:?--jobs takes a number}; shift
      [[ $jobs =~ ^[1-9][0-9]*$ ]] || { echo "--jobs takes a number" >&2; exit 2; } ;;
    --only) only+=("${2:?--only takes the name of a run}"); shift ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown argument $1; see --help" >&2; exit 2 ;;
  esac
  shift
done
pick() { if ((long)); then echo "$2"; else echo "$1"; fi; }  # pick SHORT LONG
store=$BUILD/tests/hub/store/store_faults_test
python="/usr/bin/python3 $ROOT/integration"
seeded=${seed:+--seed $seed}
if [[ -w /dev/shm ]]; then crash_dir=/dev/shm/anqiao-faults-$UID/crash; else crash_dir=$ROOT/build/crash; fi

# Name, the command, and the mutants that it must notice; its last lines that say what was done are shown. Those of the store have
# their mutants in the test binary, where each run of it catches them. Add a run here.
names=() commands=() mutants=()
run() { names+=("$1"); commands+=("$2"); mutants+=("${3:-}"); }  # run NAME COMMAND [MUTANTS]
run power_loss "AQ_POWER_LOSS_CYCLES=$(pick 300 2000) $store --gtest_filter='*.PowerLoss*'"
run disk_full "AQ_DISK_FILLS=$(pick 50 500) $store --gtest_filter='*.AFullDisk*'"
run io_errors "AQ_IO_ERRORS_PER_SITE=$(pick 3 20) $store --gtest_filter='*.NothingIsAcknowledged*:*.IoErrors*'"
run damage "AQ_DAMAGES=$(pick 500 5000) $store --gtest_filter='*.Damage*'"
run golden "$BUILD/tests/hub/store/store_golden_test --gtest_filter='*.Version*'"
run kill_9 "$python/crash.py --cycles $(pick 50 2000) --pause 0.5 --dir $crash_dir $seeded" "outbox_not_from_journal"
run kill_points "$python/kill_points.py --cycles $(pick 20 200) $seeded" "outbox_not_from_journal ack_before_sync requests_forgotten"
run full_tmpfs "$python/disk_full.py --fills $(pick 50 500) $seeded" "ack_before_sync"
run clock_jumps "$python/clock_jumps.py --jumps $(pick 80 2000) $seeded" "first_sights_follow_clock requests_forgotten projection_reads_clock"
run duplicates "$python/duplicates.py --operations $(pick 100000 1000000) $seeded" "requests_forgotten"
run poison "$python/poison.py --rows $(pick 1000 20000) $seeded" "held_rows_misplaced held_rows_stall"
run adapters "$python/adapters.py $seeded" "switches_forgotten projection_reads_clock"
run adapter_faults "$python/adapter_faults.py --faults $(pick 100 500) $seeded" "fault_costs_payload fault_loses_next_row held_rows_misplaced"
run drop_folder "$python/drop_folder.py --kills $(pick 6 60) $seeded" "requests_forgotten ids_not_from_content"
run http_transport "$python/http_transport.py --kills $(pick 6 60) --pushes $(pick 60 600) $seeded" "requests_forgotten ids_not_from_content"
run outbound_folder "$python/outbound.py --way folder --kills $(pick 8 80) --referrals $(pick 60 200) $seeded" "outbox_not_from_journal ids_not_from_content"
run outbound_http "$python/outbound.py --way http --kills $(pick 8 80) --referrals $(pick 60 200) $seeded" "outbox_not_from_journal ids_not_from_content"
run agency_away "AQ_AWAY_DELIVERIES=$(pick 100000 300000) $BUILD/tests/hub/engine/engine_away_test"
run projections "$python/projections.py --referrals $(pick 20 100) $seeded" "projection_reads_clock"

# On the real binaries.
keeping="/usr/bin/python3 integration/keeping.py ${AQ_FAULT_SEED:+--seed $AQ_FAULT_SEED} $(pick '' --long)"
run backup "$keeping --dir build/faults_backup --only backup"
run rotation "$keeping --dir build/faults_rotation --only rotation"

for name in ${only[@]+"${only[@]}"}; do
  [[ " ${names[*]} " == *" $name "* ]] || { echo "--only takes one of: ${names[*]}" >&2; exit 2; }
done
passed=0 failed=0
mkdir -p build

say() {  # say NAME VERDICT STARTED LOG
  local figures
  figures=$(grep -E ', seed [0-9]+:|^\[  PASSED  \]|^away: ' "$4" | sed 's/^\[  PASSED  \] //' | paste -sd '|' | sed 's/|/ | /g')
  printf '%-12s %s in %d s: %s\n' "$1" "$2" $((SECONDS - $3)) "$figures"
  if [[ $2 == FAILED ]]; then
    failed=$((failed + 1))
    grep -vE '^\[' "$4" | tail -n 12
    echo "whole log: $4"
  else
    passed=$((passed + 1))
  fi
}

plain() {  # plain NAME COMMAND
  local log=$ROOT/build/faults_$1.log started=$SECONDS verdict=passed
  bash -c "$2" >"$log" 2>&1 || verdict=FAILED
  say "$1" $verdict "$started" "$log"
}

# Succeeds only if the run fails, and says which promise was broken.
with_mutant() {  # with_mutant NAME COMMAND MUTANT
  local log=$ROOT/build/faults_$1_$3.log started=$SECONDS verdict=noticed
  if bash -c "$2 --mutant $3" >"$log" 2>&1 || ! grep -q '^FAILED ' "$log"; then verdict=FAILED; fi
  echo "$1 with $3: $(grep -m 1 '^FAILED ' "$log" || echo 'nothing was noticed')"
  say "$1" $verdict "$started" "$log"
}

one() {  # one NAME
  local i mutant
  for i in "${!names[@]}"; do
    [[ ${names[$i]} == "$1" ]] || continue
    if ((check)); then
      for mutant in ${mutants[$i]}; do with_mutant "$1" "${commands[$i]}" "$mutant"; done
    else
      plain "$1" "${commands[$i]}"
    fi
  done
}

((${#only[@]})) || only=("${names[@]}")
mapfile -t only < <(printf '%s\n' "${only[@]}" | awk '!seen[$0]++')
if ((jobs > 1 && ${#only[@]} > 1)); then
  for name in "${only[@]}"; do rm -f "build/faults_$name.report"; done
  # shellcheck disable=SC2016
  printf '%s\n' "${only[@]}" | xargs -P "$jobs" -I{} bash -c '
    report=build/faults_$1.report; shift
    "$0" "$@" >"$report" 2>&1
    sed "\$d" "$report"' "$ROOT/integration/faults.sh" {} ${passed_on[@]+"${passed_on[@]}"} --only {}
  for name in "${only[@]}"; do
    if [[ $(tail -n 1 "build/faults_$name.report" 2>/dev/null) =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
      passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    else
      echo "$name ended without a result: build/faults_$name.report"
      failed=$((failed + 1))
    fi
  done
else
  for name in "${only[@]}"; do one "$name"; done
fi
echo "$passed passed, $failed failed"
((failed == 0))
