#!/bin/sh
# Starts the agent, once its container is seen from inside to be what the task definition asks for. Runs in the agent's
# own image, of which nothing is known but that it has a POSIX shell: builtins only, and what the kernel says in /proc.
# session-init has put it where the agent can read and not write.
set -u
umask 022

user=10001
output=/workspace/home/.agent-output

# The container has no log driver; session-recorder ships this file.
refuse() {
  echo "session refused: $1" >&2
  { [ -d /workspace/home ] && echo "session refused: $1" >> "$output"; } 2> /dev/null
  exit 79
}

uid='' gid='' capabilities='' seen='' bounding='' new=''
while read -r name one two three four _; do
  case $name in
    Uid:) uid="$one $two $three $four" ;;
    Gid:) gid="$one $two $three $four" ;;
    CapInh: | CapPrm: | CapEff: | CapAmb:)
      seen="$seen$name"
      [ "$one" = 0000000000000000 ] || capabilities="$capabilities $name$one"
      ;;
    CapBnd:) bounding=$one ;;
    NoNewPrivs:) new=$one ;;
  esac
done < /proc/self/status
[ "$uid" = "$user $user $user $user" ] || refuse "the user is $uid, expected $user; set it in the task definition"
[ "$gid" = "$user $user $user $user" ] || refuse "the group is $gid, expected $user; set it in the task definition"
[ "$seen" = CapInh:CapPrm:CapEff:CapAmb: ] || refuse "the kernel does not say which capabilities there are"
[ -z "$capabilities" ] || refuse "there are capabilities:$capabilities; drop ALL in the task definition"
# Fargate has no setting for no-new-privileges. With an empty bounding set a setuid file gives another user id and nothing
# else: no capability can come back by any file, and that user owns nothing that could be written.
[ "$bounding" = 0000000000000000 ] || refuse "capabilities can come back (CapBnd $bounding); drop ALL in the task definition"
[ "$new" = 0 ] || [ "$new" = 1 ] || refuse "the kernel does not say whether privileges can grow"

# The last mount of a place is the one that is seen there. `test -w` of some shells looks at modes only, and the files
# belong to this user: what counts is that the mount is read-only.
root='' session='' workspace='' over=''
while read -r _ _ _ _ place options _; do
  case $place in
    /) root=$options ;;
    /session) session=$options ;;
    /session/*) over=$place ;;
    /workspace) workspace=$options ;;
  esac
done < /proc/self/mountinfo
case $root in ro | ro,*) ;; *) refuse "the root file system can be written; set readonlyRootFilesystem" ;; esac
case $session in ro | ro,*) ;; *) refuse "/session is not a volume that is read-only here; session-init alone may write it" ;; esac
[ -z "$over" ] || refuse "$over is mounted over what session-init wrote"
case $workspace in rw | rw,*) ;; *) refuse "/workspace is not a volume that can be written" ;; esac

for file in launch task self.json ca.pem environment; do
  [ -s "/session/$file" ] || refuse "/session/$file is not there; did session-init succeed?"
done
(: >> /session/launch) 2> /dev/null && refuse "/session/launch can be written here"
(: >> "$output") 2> /dev/null || refuse "/workspace/home can not be written; its owner is not the user of session-init's image"

# What ECS sets where a task has a role.
[ -z "${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI-}${AWS_CONTAINER_CREDENTIALS_FULL_URI-}" ] ||
  refuse "the task has a role; a session has none"

[ $# -gt 0 ] || refuse "there is no command; name one in the profile, since the entry point of an image is not used"

cd /workspace || refuse "/workspace can not be entered"
. /session/environment
exec "$@" < /dev/null >> "$output" 2>&1
