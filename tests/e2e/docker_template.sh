# shellcheck shell=bash
# A Debian 13 with Docker and Compose, as a template for the lab's real containers. Sourced.

# Raise it with every change of what is in it.
docker_template_recipe=1
docker_template_packages=systemd-sysv,dbus,ifupdown,isc-dhcp-client,iproute2,netbase,procps
docker_template_packages+=,docker.io,docker-cli,docker-compose,iptables,ca-certificates

# The deb lines of this machine's own mirrors, for another release.
mirror_lines() {  # SUITE
  apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(SITE)' 'Created-By: Packages' 2>/dev/null |
    awk -F'|' -v suite="$1" '$1 == "Debian" && $2 !~ /security/ { print "deb " $3 " " suite " main"; exit }' |
    grep . || echo "deb http://deb.debian.org/debian $1 main"
}

# Prints its path; built once (a minute and a half) into the user's cache.
docker_template() {
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/gantry/lab/templates"
  local archive; archive="$folder/debian-13-docker_13.0-${docker_template_recipe}_$(dpkg --print-architecture).tar.zst"
  mkdir -p "$folder"
  (
    flock 9
    [ -e "$archive" ] && exit 0
    local building; building=$(mktemp -d "$folder/building-XXXXXX")
    trap 'rm -rf "$building"' EXIT
    mmdebstrap --mode=root --variant=minbase --quiet --format=tar \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
      --dpkgopt='path-exclude=/usr/share/doc/*' --keyring=/usr/share/keyrings \
      --aptopt='Acquire::Check-Valid-Until "false"' --include="$docker_template_packages" \
      --customize-hook='cd "$1" && : >etc/apt/sources.list && rm -f etc/apt/sources.list.d/*' \
      --customize-hook='cd "$1" && echo localhost >etc/hostname && : >etc/resolv.conf && : >etc/machine-id' \
      --customize-hook='printf "auto lo\niface lo inet loopback\n" >"$1/etc/network/interfaces"' \
      --customize-hook='ln -sf /dev/null "$1/etc/systemd/system/sys-kernel-debug.mount"' \
      trixie "$building/rootfs.tar.zst" "$(mirror_lines trixie)" >&2
    mv "$building/rootfs.tar.zst" "$archive"
  ) 9>"$folder/docker.lock"
  echo "$archive"
}
