package lab

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
)

// Remake turns a recording into the one that somebody else would have made of the
// same traffic: on a router, by a phone, with a filter, with holes. It is given the
// decoded packets of a file in their order, and returns those to be written; only
// time, interface, frame and length on the wire of them count. The truth says
// afterwards which of the new packets were touched, as far as they can be told.
type Remake func(file string, packets []capture.Packet, ifs []capture.Interface) ([]capture.Packet, []capture.Interface)

// remake has all files of a recording taken by somebody else.
func (r *Recording) remake(s *Scenario) error {
	if s.Remake == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		packets, ifs, err := read(name, r.Files[name])
		if err != nil {
			return err
		}
		if r.Files[name], err = written(s.Remake(name, packets, ifs)); err != nil {
			return fmt.Errorf("%s remade: %w", name, err)
		}
	}
	return nil
}

// written is packets as a pcapng file.
func written(packets []capture.Packet, ifs []capture.Interface) ([]byte, error) {
	var b bytes.Buffer
	w, err := pcapfile.NewWriter(&b, ifs)
	if err != nil {
		return nil, err
	}
	end := int64(0)
	for i := range packets {
		p := &packets[i]
		end = max(end, p.Time)
		if err := w.Write(pcapfile.Record{Time: p.Time, Frame: p.Frame, WireLen: p.WireLen, If: p.If}); err != nil {
			return nil, err
		}
	}
	for i, f := range ifs {
		if err := w.WriteDrops(uint16(i), end, f.Dropped); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
