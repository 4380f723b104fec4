package lab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/ledger"
)

// complete adds to the truth what playing brought: the seed, when it began, and
// which packets were touched, all from the middlebox's own log.
func (r *Recording) complete(s *Scenario, log []*box.Event) error {
	if err := r.remake(s); err != nil {
		return err
	}
	files := map[string][]capture.Packet{}
	for name, b := range r.Files {
		packets, err := decoded(name, b)
		if err != nil {
			return err
		}
		files[name] = packets
	}
	r.Truth.Cases, r.Truth.Seed = s.Cases, r.Seed
	r.Truth.Done = ledger.Deeds(log, files)
	for _, d := range r.Truth.Done {
		if d.What == string(box.Lost) || d.What == string(box.Doubled) || s.Benign() {
			continue // that is what networks do, or what was asked of them
		}
		if r.Truth.Since.IsZero() || d.From.Before(r.Truth.Since) {
			r.Truth.Since = d.From
		}
	}
	// What a kernel does, told by commands, is not in the log.
	if !s.Benign() && r.Truth.Since.IsZero() && len(s.Needs) == 0 {
		return errors.New("nothing was done: no rule matched")
	}
	return nil
}

// decoded reads a capture into memory.
func decoded(name string, file []byte) ([]capture.Packet, error) {
	out, _, err := read(name, file)
	return out, err
}

// read is decoded, with the interfaces of the file.
func read(name string, file []byte) (out []capture.Packet, ifs []capture.Interface, err error) {
	src, err := pcapfile.New(bytes.NewReader(file), name, pcapfile.Options{})
	if err != nil {
		return nil, nil, err
	}
	defer src.Close()
	var dec decode.Decoder
	for {
		var b capture.Batch // a new one each time: its packets are kept
		err := src.Read(&b)
		for i := range b.Packets {
			dec.Decode(&b.Packets[i])
		}
		out = slices.Concat(out, b.Packets)
		if err == io.EOF {
			return out, src.Interfaces(), nil
		}
		if err != nil {
			return out, src.Interfaces(), fmt.Errorf("what was just recorded cannot be read: %w", err)
		}
	}
}
