# shellcheck shell=bash disable=SC2034
# Sourced by demo.sh and test.sh: installs what is missing and builds, with progress.
#
#   source "$(dirname "$0")/prepare.sh"
#   install_missing "${BUILD_PACKAGES[@]}"
#   build_preset release anqiaod anqiaoctl

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

BUILD_PACKAGES=(
  build-essential cmake ninja-build pkg-config ccache mold git
  libgrpc++-dev protobuf-compiler-grpc protobuf-compiler libprotobuf-dev librocksdb-dev libabsl-dev libgtest-dev libgmock-dev
  libbenchmark-dev libicu-dev libphonenumber-dev libpugixml-dev nlohmann-json3-dev libssl-dev openssl libyaml-cpp-dev libcli11-dev
  libseccomp-dev libsodium-dev libcpp-httplib-dev libjemalloc-dev prometheus-cpp-dev zlib1g-dev unicode-data
  python3 python3-grpcio python3-protobuf)
TEST_PACKAGES=(rustc clang-14 clang-tidy-14 libclang-rt-14-dev clang-format-14 llvm-14 nodejs npm ca-certificates)

say() { printf '\n==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Installs the Debian packages that are not there yet. npm counts as there if the command is (it may come with another Node).
install_missing() {
  local missing=() package
  for package in "$@"; do
    case $package in
      npm | nodejs) command -v "${package/nodejs/node}" >/dev/null && continue ;;
    esac
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "these Debian packages are missing and there is no apt-get: ${missing[*]}"
  [[ $(id -u) == 0 ]] || die "these Debian packages are missing; as root: apt-get install ${missing[*]}"
  say "Installing ${#missing[@]} packages: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "apt-get could not install them (above: its last lines)"
  fi
  rm -f "$log"
}

# Configures build/PRESET if needed and builds the targets, "all" without any; ninja's own progress on a terminal, else every 10 %.
build_preset() {
  local preset=$1 log
  shift
  log=$ROOT/build/$preset.log
  mkdir -p "$ROOT/build"
  if ! (cd "$ROOT" && cmake --preset "$preset" "${CMAKE_ARGUMENTS[@]}") >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    die "configuring build/$preset failed (whole log: $log)"
  fi
  if [[ -t 1 ]]; then
    (cd "$ROOT" && cmake --build "build/$preset" -j "$(nproc)" --target "${@:-all}") || die "building build/$preset failed"
    return
  fi
  (cd "$ROOT" && NINJA_STATUS='[%p %f/%t] ' cmake --build "build/$preset" -j "$(nproc)" --target "${@:-all}" 2>&1) | tee -a "$log" |
    awk -F'[][% /]+' '/^\[ *[0-9]+%/ { if (int($2 / 10) != last) { last = int($2 / 10); print "    " $2 " % of build/'"$preset"'"; fflush() } }'
  if [[ ${PIPESTATUS[0]} != 0 ]]; then
    grep -E -B2 -A12 'error:|FAILED' "$log" | tail -n 60 >&2
    die "building build/$preset failed (whole log: $log)"
  fi
}
CMAKE_ARGUMENTS=()
