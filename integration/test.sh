#!/usr/bin/env bash
# Builds and runs every test; the last line says how many passed and failed.
#
#   integration/test.sh [--long] [--only PART]...
#
# Installs what is missing (as root). GCC release with everything, clang with AddressSanitizer and UndefinedBehaviorSanitizer on unit
# and contract tests, clang with ThreadSanitizer on store, engine and transports, clang-tidy on the pure folders, buf lint, the demo's checks, bad
# input, reflection, a first adapter from an installation, what leaves towards employment and tax, worked cases, what is kept (sealed,
# erased, backed up, provable), faults, floods. --long makes the random runs ten times as long.
# --only runs one part, and may be given again: build, unit, asan, tsan, tidy, buf, demo, bad_input, reflection, first_adapter,
# outbound, worked_cases, keeping, faults, floods.
set -uo pipefail
# shellcheck source=integration/prepare.sh
source "$(dirname "$0")/prepare.sh"
long=0
parts=(build unit asan tsan tidy buf demo bad_input reflection first_adapter outbound worked_cases keeping faults floods)
only=()
while (($#)); do
  case $1 in
    --long) long=1 ;;
    --only)
      [[ " ${parts[*]} " == *" ${2:-} "* && -n ${2:-} ]] || die "--only takes one of: ${parts[*]}"
      only+=("$2")
      shift ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown argument $1; see --help" ;;
  esac
  shift
done
((${#only[@]})) || only=("${parts[@]}")
cd "$ROOT" || exit 1
passed=0 failed=0 failures=() times=() started=$SECONDS
waiting=()
declare -A titles lines

# Begins a part; false if it was not asked for.
part() { # part NAME TITLE
  [[ " ${only[*]} " == *" $1 "* ]] || return 1
  section=$2 section_started=$SECONDS
  say "$section  [after $((SECONDS - started)) s]"
}

count() { # count PASSED FAILED
  passed=$((passed + $1)) failed=$((failed + $2))
  (($2)) && failures+=("$section")
  times+=("$(printf '%5d s  %s' $((SECONDS - section_started)) "$section")")
  note "$1 passed, $2 failed in $((SECONDS - section_started)) s"
}

# Runs a command as one test; its output goes to build/NAME.log and, if it fails, the end of it here.
one() { # one NAME COMMAND...
  local log=$ROOT/build/$1.log
  shift
  if "$@" >"$log" 2>&1; then count 1 0; else
    tail -n 40 "$log"
    note "whole log: $log"
    count 0 1
  fi
}

# Puts a part off until run_later; lines of its output that match are shown.
later() { # later NAME TITLE LINES COMMAND...
  [[ " ${only[*]} " == *" $1 "* ]] || return 0
  waiting+=("$1") titles[$1]=$2 lines[$1]=$3
  printf '%q ' "${@:4}" >"$ROOT/build/$1.command"
}

# Runs what was put off, two at a time, the last first, and tells of it in order.
run_later() {
  local name code seconds i
  ((${#waiting[@]})) || return 0
  say "${#waiting[@]} parts with the real binaries  [after $((SECONDS - started)) s]"
  for name in "${waiting[@]}"; do rm -f "build/$name.result"; done
  # shellcheck disable=SC2016
  for ((i = ${#waiting[@]} - 1; i >= 0; --i)); do echo "${waiting[$i]}"; done | xargs -P 2 -I{} bash -c '
    bash "build/$1.command" >"build/$1.log" 2>&1 </dev/null
    echo "$? $SECONDS" >"build/$1.result"' _ {}
  for name in "${waiting[@]}"; do
    section=${titles[$name]}
    printf '\n==> %s\n' "$section"
    code=1 seconds=0
    [[ -e build/$name.result ]] && read -r code seconds <"build/$name.result"
    section_started=$((SECONDS - seconds))
    if ((code)); then
      tail -n 40 "build/$name.log"
      note "whole log: $ROOT/build/$name.log"
      count 0 1
    else
      count 1 0
    fi
    [[ -z ${lines[$name]} ]] || grep -E "${lines[$name]}" "build/$name.log"
  done
}

# Builds the tests that match in a build tree, and what they need, then runs them.
ctest_in() { # ctest_in PRESET CTEST_ARGUMENTS...
  local preset=$1 log=$ROOT/build/$1.ctest.log targets
  shift
  cmake --preset "$preset" "${CMAKE_ARGUMENTS[@]}" >"$log" 2>&1 || { tail -n 20 "$log"; count 0 1; return; }
  # A test is named after its target. (ctest itself knows no command of what is not built yet.)
  targets=$(comm -12 \
    <(ctest --test-dir "build/$preset" "$@" --show-only=json-v1 |
      /usr/bin/python3 -c 'import json, sys; print(*(test["name"] for test in json.load(sys.stdin)["tests"]), sep="\n")' | sort -u) \
    <(ninja -C "build/$preset" -t targets all | sed 's/: .*//' | sort -u)) || { count 0 1; return; }
  [[ -n $targets ]] || { note "no test matches"; count 0 1; return; }
  # A subshell: a build that fails ends only itself.
  # shellcheck disable=SC2086
  (build_preset "$preset" $targets) || { count 0 1; return; }
  ctest --test-dir "build/$preset" "$@" -j "$(nproc)" --output-on-failure --timeout 300 >"$log" 2>&1
  local summary total bad
  summary=$(grep -E 'tests passed, [0-9]+ tests? failed out of [0-9]+' "$log" | tail -n 1)
  if [[ $summary =~ ([0-9]+)\ tests?\ failed\ out\ of\ ([0-9]+) ]]; then
    bad=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
    ((bad)) && { grep -E -A40 'Failure|FAILED|ERROR:|WARNING: ThreadSanitizer' "$log" | head -n 120; tail -n 15 "$log"; note "whole log: $log"; }
    count $((total - bad)) "$bad"
  else
    tail -n 20 "$log"
    count 0 1
  fi
}

# clang-tidy on what is pure. Each folder is given to it as one text: it reads the same headers for every file otherwise, and takes
# twice as long. Two files of a folder may therefore not give one name to different things. A folder is looked at again only if it, a header or the configuration changed.
tidy() {
  local cache=$ROOT/build/tidy bad=0 all
  mkdir -p "$cache"
  all=$({ cat .clang-tidy; find hub protos plugins/sdk \( -name '*.h' -o -name '*.proto' \) -print0 | sort -z | xargs -0 cat; } | sha256sum)
  # Generated headers must be there before any file can be read.
  (build_preset asan anqiao_journal_proto anqiao_adapter_proto anqiao_exchange_proto) || { count 0 1; return; }
  export cache all
  # shellcheck disable=SC2016
  printf '%s\n' policy identity referral model | xargs -P "$(nproc)" -I{} bash -c '
    text=$cache/$1.cc
    for file in hub/"$1"/*.cc; do echo "#line 1 \"$PWD/$file\""; cat "$file"; done >"$text"
    key=$cache/$( (echo "$all"; cat "$text") | sha256sum | cut -c1-32)
    [[ -e $key ]] && exit 0
    if clang-tidy-14 --quiet "$text" -- -std=gnu++20 -I. -isystem build/asan/protos -Wall -Wextra -Wno-unused-parameter -Wthread-safety \
      >"$key.log" 2>/dev/null; then touch "$key"; rm -f "$key.log"; else
      cat "$key.log"; exit 1
    fi' _ {} >"$ROOT/build/tidy.log" 2>&1 || bad=1
  ((bad)) && tail -n 40 "$ROOT/build/tidy.log"
  count $((1 - bad)) "$bad"
}

buf_lint() {
  (cd integration && npm ci --no-audit --no-fund) >"$ROOT/build/npm.log" 2>&1 || { tail -n 20 "$ROOT/build/npm.log"; return 1; }
  integration/node_modules/.bin/buf lint protos
}

install_missing "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
mkdir -p build
export ANQIAO_BUILD=$ROOT/build/release

if part build "Building everything (GCC, release)"; then
  CMAKE_ARGUMENTS=(-DANQIAO_BENCHMARKS=ON)
  if (build_preset release); then count 1 0; else count 0 1; fi
fi
if part unit "Unit and contract tests (GCC, release)"; then
  CMAKE_ARGUMENTS=(-DANQIAO_BENCHMARKS=ON)
  ctest_in release
fi
CMAKE_ARGUMENTS=(-DANQIAO_BENCHMARKS=OFF)
if part asan "Unit and contract tests (clang, AddressSanitizer and UndefinedBehaviorSanitizer)"; then
  ctest_in asan -L 'unit|contract' -E '^repository_'
fi
if part tsan "Store, engine and transports (clang, ThreadSanitizer)"; then
  # Not what has a single thread, or engines of one thread each, such as the simulation.
  ctest_in tsan -R '^(store|engine|transport)_' -E "_(audit_log|checksum|head_file|journal_logs|key_ring_format|keys|log_tail|master_key|golden|delivery_queue|simulation|indistinguishable|body_reader|poll_state|poll_url|push_request|token_file|file_store)_test"
fi
if part tidy "clang-tidy on model, identity, policy, referral"; then tidy; fi
if part buf "buf lint"; then one buf buf_lint; fi
# What runs the real binaries waits as often as it works: two of these at a time.
later demo "The demo, checked against the truth" '合计|precision|FAILED' integration/demo.sh --check
later bad_input "Bad input" '' /usr/bin/python3 integration/bad_input.py
later reflection "Reflection and health on both listeners" '' /usr/bin/python3 integration/reflection.py
later first_adapter "The guide's first adapter, from an installation, with samples that nobody saw before" \
  'commands$|noticed|first adapter, seed' \
  bash -c "/usr/bin/python3 integration/first_adapter.py --samples $( ((long)) && echo 6 || echo 2) &&
    /usr/bin/python3 integration/first_adapter.py --check-mutants"
later outbound "Nothing that employment and tax are sent tells why a person is known" 'referrals, |violations' \
  /usr/bin/python3 integration/outbound_scan.py $( ((long)) && echo --referrals 100)
later worked_cases "Worked cases of the benefits, from the agencies' files to the answer" '^    NO|^worked cases' \
  /usr/bin/python3 integration/worked_cases.py
# Its backups and rotation are fault runs.
later keeping "What is kept is sealed, can be erased and cannot be changed unseen" '^keeping, ' \
  /usr/bin/python3 integration/keeping.py --only canaries --only erase --only audit --only retention $( ((long)) && echo --long)
# The store's own fault runs are among the contract tests. The mutants take their time.
faults=(bash -c "integration/faults.sh --long && integration/faults.sh --check-mutants")
if ! ((long)); then
  mounts=(--only full_tmpfs)
  if ! unshare -m mount -t tmpfs tmpfs /tmp 2>/dev/null && ! unshare -U -r -m mount -t tmpfs tmpfs /tmp 2>/dev/null; then
    [[ " ${only[*]} " == *" faults "* ]] && note "this machine lets nobody mount: not run: full_tmpfs"
    mounts=()
  fi
  # full_tmpfs and adapter_faults wait most of their time: for RocksDB to look for room, and for adapters that hang.
  faults=(integration/faults.sh --jobs 2 "${mounts[@]}" --only adapter_faults --only backup --only kill_points --only duplicates
    --only kill_9 --only http_transport --only outbound_http --only outbound_folder --only clock_jumps --only drop_folder
    --only rotation --only projections --only adapters --only poison)
fi
later faults "Faults of the real binaries: kill -9, kill points, clocks, repeats, poison, backup, rotation, full disks" \
  ' (passed|FAILED) in ' "${faults[@]}"
run_later

if part floods "Connection floods, and that they fail without the listener watch"; then
  one floods bash -c "/usr/bin/python3 integration/floods.py $( ((long)) && echo --long) && /usr/bin/python3 integration/floods.py --check-mutants"
  tail -n 2 build/floods.log
fi
if ((long)) && part demo "Another district"; then one demo_long integration/demo.sh --check --seed 20260630; fi

say "Done after $((SECONDS - started)) s"
printf '%s\n' "${times[@]}"
((failed)) && printf 'failed in: %s\n' "${failures[@]}"
echo "$passed passed, $failed failed"
((failed == 0))
