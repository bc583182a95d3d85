#!/usr/bin/env bash
# Puts the kubectls that the conformance tests drive into the user's cache and prints their folder:
# kubectl-1.20 (Debian 12's kubernetes-client) and kubectl-1.32 (Debian 13's kubectl). Nothing is
# installed, and the system's package lists are not touched. Prints why where one is not to be had.
#
#   fetch.sh            fetches what is missing
#   fetch.sh --offline  only prints the folder
set -euo pipefail
folder="${XDG_CACHE_HOME:-$HOME/.cache}/gantry/kubectl"
mkdir -p "$folder"
echo "$folder"
[ "${1:-}" != --offline ] || exit 0

# Where the system itself gets Debian's packages from.
mirror() {
  { sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null
    sed -n 's/^deb  *\(\[[^]]*\] *\)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list 2>/dev/null
  } | tr ' ' '\n' | grep -m1 -E '/debian/?$'
}

fetch() {  # VERSION SUITE PACKAGE
  local target="$folder/kubectl-$1" work
  [ ! -x "$target" ] || return 0
  work=$(mktemp -d)
  # The state of this one apt alone: its sources, its lists, and nothing installed.
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $2 main" \
    >"$work/sources.list"
  local apt=(apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=-
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o Dir::State::status=/dev/null
    -o APT::Sandbox::User=root -o Acquire::Retries=3)
  if (cd "$work" && "${apt[@]}" update && "${apt[@]}" download "$3" && dpkg-deb -x ./*.deb root) \
    >"$work/log" 2>&1; then
    install -m 755 "$work/root/usr/bin/kubectl" "$target"
  else
    echo "kubectl $1 (package $3 of Debian $2) could not be fetched: $(tail -n 1 "$work/log")" >&2
  fi
  rm -rf "$work"
}

fetch 1.20 bookworm kubernetes-client
fetch 1.32 trixie kubectl
