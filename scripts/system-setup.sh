#!/usr/bin/env bash
# Makes this machine able to run `npm run test:system`: installs what is missing (Debian 12, as root), then tries the
# kernel. Says what is missing and how to get it where it can't; exit code 1 then. Running it again changes nothing.
#
#   scripts/system-setup.sh           install and check
#   scripts/system-setup.sh --check   check only
#
# It leaves behind packages and, if no apt source has suricata, one source file: bookworm-backports of the mirror that
# this machine uses already. Backports have priority 100, so nothing else is upgraded from there.
set -euo pipefail

BACKPORTS=/etc/apt/sources.list.d/bookworm-backports.list

# command:package. setpriv and unshare are in util-linux, which is essential.
TOOLS=(
  suricata:suricata iptables-legacy:iptables ip:iproute2 ethtool:ethtool sysctl:procps
  buildah:buildah podman:podman runc:runc mmdebstrap:mmdebstrap
  openssl:openssl curl:curl python3:python3 unbound:unbound dig:bind9-dnsutils setpriv:util-linux
  git:git gh:gh pip3:python3-pip
  wget:wget javac:default-jdk-headless mvn:maven go:golang-go cargo:cargo aws:awscli
)
PATH="$PATH:/usr/sbin:/sbin"

problems=()
problem() { problems+=("$1"); }

missing_packages() {
  local tool
  for tool in "${TOOLS[@]}"; do
    command -v "${tool%%:*}" > /dev/null || echo "${tool#*:}"
  done
}

is_bookworm() { (. /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_CODENAME:-}" = bookworm ]) 2> /dev/null; }

# The mirror as apt itself sees it: works for .list and .sources files alike.
mirror_of_bookworm() {
  apt-get indextargets --format '$(CODENAME)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
    awk -F'|' '$1 == "bookworm" && $2 == "main" && !found { print $3; found = 1 }'
}

in_backports() { apt-cache madison "$1" 2> /dev/null | grep bookworm-backports > /dev/null; }

add_backports() {
  local uri key=/usr/share/keyrings/debian-archive-keyring.gpg
  uri=$(mirror_of_bookworm)
  if [ ! -e "$key" ]; then key=''; fi
  if [ -z "$uri" ]; then
    problem "apt has no source for bookworm main; add one, so that bookworm-backports can be taken from the same mirror"
    return 1
  fi
  echo "deb ${key:+[signed-by=$key] }$uri bookworm-backports main" > "$BACKPORTS"
  echo "added $BACKPORTS"
  quietly apt-get update
}

# Output only when it fails: nobody reads 300 lines of apt.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" > "$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    problem "failed: $*"
    return 1
  fi
  rm -f "$log"
}

install() {
  local packages=("$@") package
  echo "installing: ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-get update || return 1
  local stable=() backports=()
  for package in "${packages[@]}"; do
    if [ "$package" = suricata ]; then backports=(suricata); else stable+=("$package"); fi
  done
  if [ "${#backports[@]}" -gt 0 ] && ! in_backports suricata; then add_backports || return 1; fi
  # A service that starts here would take ports and settings of the machine; the tests start their own. Exit code 101
  # means "not allowed" to invoke-rc.d. A policy that exists already is somebody's wish and stays.
  local policy=/usr/sbin/policy-rc.d made=''
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod +x $policy
    made=yes
  fi
  local result=0
  if [ "${#stable[@]}" -gt 0 ]; then
    quietly apt-get install -y --no-install-recommends "${stable[@]}" || result=1
  fi
  # Bookworm itself has no suricata, and an older libhtp2 than this one needs.
  if [ "${#backports[@]}" -gt 0 ]; then
    quietly apt-get install -y --no-install-recommends -t bookworm-backports "${backports[@]}" || result=1
  fi
  if [ -n "$made" ]; then rm -f $policy; fi
  return $result
}

check_suricata_version() {
  local version
  version=$(suricata -V 2> /dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -1)
  case "$version" in
    7.0.*) ;;
    *) problem "suricata is ${version:-of unknown version}, expected 7.0.x: AWS runs 7.0, and other versions read some rules differently" ;;
  esac
}

# Tried in network namespaces of their own, so that nothing of the machine changes.
check_kernel() {
  if ! unshare --net true 2> /dev/null; then
    problem 'network namespaces are refused; run on a virtual machine or in a privileged container (needs CAP_SYS_ADMIN and CAP_NET_ADMIN)'
    return
  fi
  unshare --net ip link add name veth0 type veth peer name veth1 2> /dev/null ||
    problem 'the kernel has no veth devices; load them (modprobe veth) on the host'
  unshare --net iptables-legacy -A FORWARD -j NFQUEUE --queue-num 0 2> /dev/null ||
    problem 'the kernel has no NFQUEUE for iptables-legacy; on the host: modprobe -a xt_NFQUEUE nfnetlink_queue iptable_filter'
  unshare --net iptables-legacy -A FORWARD -m u32 --u32 '4&0x3FFF=0x1:0x3FFF' -j DROP 2> /dev/null ||
    problem 'the kernel has no u32 match for iptables-legacy; on the host: modprobe xt_u32'
}

main() {
  if [ "$(uname -s)" != Linux ]; then
    problem "this is $(uname -s); the tests need Linux (network namespaces): use a Linux virtual machine"
    return
  fi
  if [ "$(id -u)" != 0 ]; then
    problem 'not root; network namespaces and packet queues need it: run `sudo -E npm run test:system`, best in a virtual machine'
  fi
  local packages
  mapfile -t packages < <(missing_packages | sort -u)
  if [ "${#packages[@]}" -gt 0 ]; then
    if [ "${1:-}" = --check ]; then
      problem "missing: ${packages[*]}; run scripts/system-setup.sh as root"
    elif [ "$(id -u)" != 0 ]; then
      problem "missing: ${packages[*]}"
    elif ! is_bookworm; then
      problem "missing: ${packages[*]}; this script installs on Debian 12 (bookworm) only: install them yourself, suricata as 7.0.x"
    else
      install "${packages[@]}" || return 0
      mapfile -t packages < <(missing_packages | sort -u)
      if [ "${#packages[@]}" -gt 0 ]; then problem "still missing after the installation: ${packages[*]}"; fi
    fi
  fi
  if [ "${#problems[@]}" -gt 0 ]; then return; fi
  check_suricata_version
  check_kernel
}

main "$@"
if [ "${#problems[@]}" -gt 0 ]; then
  echo 'test:system cannot run on this machine:' >&2
  printf '  - %s\n' "${problems[@]}" >&2
  exit 1
fi
echo "test:system can run: $(suricata -V 2> /dev/null | head -1), kernel $(uname -r)"
