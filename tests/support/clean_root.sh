#!/bin/sh
# PID 1 in namespaces of its own: makes a clean Debian in memory, moves into it and becomes its systemd. All of it ends
# with this process, and leaves nothing but its cgroup. What it tells is `python VERSION`, then `becomes systemd`.
#
# clean_root.sh SUITE MIRROR PACKAGE...   the packages are fetched here, so that apt-get finds them without a network
set -eu
root=/mnt suite=$1 mirror=$2 # whatever is mounted there elsewhere
shift 2

mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
debootstrap --variant=minbase --include=systemd-sysv,dbus,python3 "$suite" "$root" "$mirror"
cp /etc/resolv.conf "$root/etc/"
chroot "$root" apt-get -qq update
chroot "$root" apt-get -qq install -y --download-only "$@"
chroot "$root" python3 -c 'import platform; print("python", platform.python_version())'

mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
ln -s pts/ptmx "$root/dev/ptmx"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"

# The network ends here: what systemd starts has a loop-back of its own, and no more. sysfs shows the network of who
# mounts it, and mounts are shared, as systemd hands secrets to services by mounts that it makes elsewhere.
mkdir "$root/former"
cd "$root"
pivot_root . former
# shellcheck disable=SC2093
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin unshare --net sh -euc '
    mount -t sysfs -o ro sysfs /sys
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    umount -l /former
    rmdir /former
    mount --make-rshared /
    echo becomes systemd
    exec /lib/systemd/systemd --system --unit=multi-user.target'
