#!/bin/sh
# More executions of fuzz targets than the test command does, one target after the other.
#
#   tests/fuzz/run.sh BUILD_DIRECTORY [RUNS [TARGET...]]
#
# RUNS is 1000000 if it is not given, the targets are those of the readers and of the adapters. In a build of the "fuzz" preset
# libFuzzer draws inputs of up to 4 KiB and keeps what reaches new code in BUILD_DIRECTORY/tests/fuzz/found; in the "asan" preset the
# inputs of the corpus are damaged, the largest too (400 kB). Both look for leaks, and a single execution may take ten seconds. It
# ends at the first target that fails; the input is then in the current folder: mend what it shows and add it to
# tests/fuzz/corpus/TARGET.
set -eu
build=$1
runs=${2:-1000000}
[ $# -gt 2 ] && shift 2 || set -- sdk_delimited_fuzz sdk_fixed_width_fuzz sdk_xml_fuzz sdk_json_fuzz sdk_json_lines_fuzz sdk_xlsx_fuzz \
  adapters_fuzz
here=$(dirname "$0")

# What the target is fed, as in CMakeLists.txt.
corpora() {
  echo "$here/corpus/$1"
  case $1 in
    sdk_delimited_fuzz) kinds="csv utf8 gb18030" ;;
    sdk_xml_fuzz) kinds=xml ;;
    sdk_json_fuzz) kinds=json ;;
    sdk_json_lines_fuzz) kinds=json_lines ;;
    *) kinds= ;;
  esac
  for kind in $kinds; do echo "$here/../plugins/sdk/malformed/$kind"; done
}

for target in "$@"; do
  echo "$target, $runs executions"
  if grep -q '^ANQIAO_FUZZ:BOOL=ON' "$build/CMakeCache.txt"; then
    mkdir -p "$build/tests/fuzz/found/$target"
    "$build/tests/fuzz/$target" "-runs=$runs" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      "$build/tests/fuzz/found/$target" $(corpora "$target")
  else
    "$build/tests/fuzz/$target" --runs "$runs" $(corpora "$target")
  fi
done
