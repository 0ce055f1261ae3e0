#!/usr/bin/env bash
# Shows the hub at work: a made-up sub-district, four agencies, the census, who is entitled to what, two referrals to their outcome.
#
#   integration/demo.sh [--check] [--keep] [--people N] [--seed N]
#
# Installs what is missing (as root), builds, and leaves everything running until Ctrl-C. With --check it does not wait and exits 0
# only if what the hub says equals the district's truth. --keep leaves the data in build/demo.
set -euo pipefail
# shellcheck source=integration/prepare.sh
source "$(dirname "$0")/prepare.sh"
for argument in "$@"; do
  [[ $argument == -h || $argument == --help ]] && { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0; }
done
install_missing "${BUILD_PACKAGES[@]}"
/usr/bin/python3 "$ROOT/integration/demo.py" --arguments-only "$@"
if [[ -z ${ANQIAO_BUILD:-} ]]; then
  say "Building (build/release)"
  CMAKE_ARGUMENTS=(-DANQIAO_BENCHMARKS=OFF)
  build_preset release anqiaod anqiaoctl agency_employment anqiao_adapter_{police,civil_affairs,employment,tax}
fi
exec /usr/bin/python3 "$ROOT/integration/demo.py" "$@"
