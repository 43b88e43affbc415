#!/usr/bin/env bash
# Installs what `make run` or `make test` needs and does nothing when all of it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:?run, test or full}
full=""
if [ "$what" = full ]; then what=test full=yes; fi
python=${PYTHON:-python3}
venv=${VENV:-.venv}

say() { printf 'setup: %s\n' "$*" >&2; }

# program|package: the program tells whether Debian's package is there
wanted="mosquitto|mosquitto espeak-ng|espeak-ng chromium|chromium pcscd|pcscd"
# practice lays its simulated chips on a virtual reader
wanted="$wanted /usr/lib/pcsc/drivers/serial/libifdvpcd.so|vsmartcard-vpcd"
# pyscard has no wheel for Linux and is built here
wanted="$wanted gcc|gcc /usr/include/stdio.h|libc6-dev swig|swig /usr/include/PCSC/winscard.h|libpcsclite-dev"
# what pyusb speaks through
wanted="$wanted /usr/lib/*/libusb-1.0.so.0|libusb-1.0-0"
[ "$what" = test ] && wanted="$wanted /usr/lib/postgresql/*/bin/initdb|postgresql npm|npm /usr/share/fonts/opentype/ocr-b/OCRB.otf|fonts-ocr-b"
# a second opinion on PACE
[ "$what" = test ] && wanted="$wanted /usr/lib/*/libeac.so.3|libeac3"
# keys in a simulated TPM and in a simulated token; what builds tpm2-pytss, which has no wheel
[ "$what" = test ] && wanted="$wanted strace|strace swtpm|swtpm swtpm_setup|swtpm-tools tpm2_flushcontext|tpm2-tools softhsm2-util|softhsm2 /usr/include/tss2/tss2_esys.h|libtss2-dev"
# image bundles, signed with a key on a token
[ "$what" = test ] && wanted="$wanted rauc|rauc mksquashfs|squashfs-tools /usr/lib/*/engines-3/pkcs11.so|libengine-pkcs11-openssl"
# on bookworm scripts/micropython.py unpacks trixie's instead
[ "$what" = test ] && grep -q '^VERSION_CODENAME=trixie' /etc/os-release && wanted="$wanted micropython|micropython"
# RAUC on a private bus
[ "$what" = test ] && wanted="$wanted rauc|rauc mksquashfs|squashfs-tools dbus-daemon|dbus"
# reads what the device's image is set up with
[ "$what" = test ] && wanted="$wanted cryptsetup|cryptsetup-bin nft|nftables chronyd|chrony cpio|cpio systemd-analyze|systemd"
# an emulated board whose plug is pulled: what makes its disk, and what its guest is unpacked with
if [ "$what" = test ]; then
  wanted="$wanted qemu-system-aarch64|qemu-system-arm mcopy|mtools mkfs.vfat|dosfstools sfdisk|fdisk"
  wanted="$wanted fdtput|device-tree-compiler mke2fs|e2fsprogs openssl|openssl xz|xz-utils"
fi
# replays recorded USB traffic
[ "$what" = test ] && wanted="$wanted umockdev-run|umockdev"

# what builds libcamera, and what runs a guest with Debian's own kernel and builds a module for it
if [ -n "$full" ]; then
  wanted="$wanted g++|g++ pkg-config|pkg-config /usr/include/yaml.h|libyaml-dev /usr/include/libudev.h|libudev-dev"
  wanted="$wanted /usr/include/libyuv.h|libyuv-dev /usr/include/event2/event.h|libevent-dev"
  wanted="$wanted /usr/include/gnutls/gnutls.h|libgnutls28-dev /usr/include/jpeglib.h|libjpeg-dev"
  wanted="$wanted /usr/include/sys/capability.h|libcap-dev"
  wanted="$wanted qemu-system-x86_64|qemu-system-x86 /bin/busybox|busybox-static"
  # what builds the eyes' loop in C for the board (scripts/kernel.py)
  wanted="$wanted aarch64-linux-gnu-gcc|gcc-aarch64-linux-gnu"
  # what builds the device's image for another processor, and starts it
  wanted="$wanted mmdebstrap|mmdebstrap qemu-aarch64-static|qemu-user-static arch-test|arch-test depmod|kmod"
fi

missing=()
PATH="$PATH:/usr/sbin"
for pair in $wanted; do
  program=${pair%%|*} package=${pair##*|}
  case $program in
    /*) compgen -G "$program" >/dev/null || missing+=("$package") ;;
    *) command -v "$program" >/dev/null || missing+=("$package") ;;
  esac
done
compgen -G "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf" >/dev/null || missing+=(fonts-noto-core)
"$python" -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
"$python" -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("include"), "Python.h").stat()' 2>/dev/null \
  || missing+=(python3-dev)
if [ ${#missing[@]} -gt 0 ]; then
  sudo=""
  if [ "$(id -u)" != 0 ]; then
    sudo=$(command -v sudo || true)
    [ -n "$sudo" ] || { say "missing Debian packages: ${missing[*]}. Install them as root: apt-get install ${missing[*]}"; exit 1; }
  fi
  say "installing Debian packages: ${missing[*]}"
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

lock=requirements/base.txt
[ "$what" = test ] && lock=requirements/dev.txt
stamp="$venv/.installed-$what"
if ! [ -e "$stamp" ] || [ "$(sha256sum <"$lock")" != "$(cat "$stamp")" ]; then
  [ -x "$venv/bin/python" ] || { say "making $venv with $("$python" --version)"; "$python" -m venv "$venv"; }
  say "installing Python packages from $lock"
  if command -v uv >/dev/null; then
    uv pip install -q --python "$venv/bin/python" --require-hashes -r "$lock"
  else
    "$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r "$lock"
  fi
  sha256sum <"$lock" >"$stamp"
fi
# where lgpio has no wheel for this Python, Raspberry Pi OS has it as a package
for part in /usr/lib/python3/dist-packages/lgpio.py /usr/lib/python3/dist-packages/_lgpio.*.so; do
  if [ -e "$part" ] && ! "$venv/bin/python" -c 'import lgpio' 2>/dev/null; then
    ln -sf "$part" "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')/"
  fi
done
"$venv/bin/python" -m scripts.models
"$venv/bin/python" -m scripts.kernel
if [ "$what" = test ]; then
  "$venv/bin/python" -m scripts.axe
  "$venv/bin/python" -m scripts.micropython || say "the lane board's firmware is not tested here"
fi
