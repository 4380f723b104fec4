package netns

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// flushAfter is how long what may be merged waits for its next segment, ns. Without
// that a veth merges nothing here: each frame that a middlebox sends is polled on
// its own. On a line of 60 Mbit/s two frames are 200 µs apart.
const flushAfter = "400000"

// merging is what is switched on, by the older commands (linux/ethtool.h), in the
// order in which one needs another.
var merging = []uint32{unix.ETHTOOL_SSG, unix.ETHTOOL_SGSO, unix.ETHTOOL_SGRO}

// Merging has an interface merge the segments that arrive (GRO) and take large
// frames on their way out, which the kernel cuts before they are on the cable
// (GSO). Segmentation and checksums stay the kernel's (TSO and checksum offloads
// off): frames on the cable are as on a wire.
func (n *NS) Merging(ifname string) error {
	err := n.Do(func() error { return errors.Join(switchOn(ifname, merging), flush(ifname, flushAfter)) })
	return about(err, "offloads of %s %s", n.name, ifname)
}

func switchOn(ifname string, commands []uint32) error {
	s, err := ethtoolSocket()
	if err != nil {
		return err
	}
	defer unix.Close(s)
	for _, c := range commands {
		value := struct{ cmd, data uint32 }{c, 1} // struct ethtool_value
		if err := ethtool(s, ifname, unsafe.Pointer(&value)); err != nil {
			return fmt.Errorf("ethtool command %#x: %w", c, err)
		}
	}
	return nil
}

// flush sets gro_flush_timeout. There is no mount of this namespace's sysfs, which
// shows the interfaces of who mounts it: one without a place is enough.
func flush(ifname, ns string) error {
	fs, err := unix.Fsopen("sysfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("fsopen", err)
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return os.NewSyscallError("fsconfig", err)
	}
	dir, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("fsmount", err)
	}
	defer unix.Close(dir)
	path := "class/net/" + ifname + "/gro_flush_timeout"
	f, err := unix.Openat(dir, path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(f)
	_, err = unix.Write(f, []byte(ns))
	return about(err, "%s", path)
}
