package slice

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// linkRaw is the link type of bare IP packets (LINKTYPE_RAW).
const linkRaw = 101

// maxComment is how long the comment of a packet gets, bytes: there is one line for
// each piece of evidence.
const maxComment = 4 << 10

// Name is how the slice of a finding is called. It consists of what the program says
// itself.
func Name(f *finding.Finding) string { return fmt.Sprintf("%s-%s.pcapng", f.ID, f.Kind) }

// Write writes the slices of a capture that had these interfaces into a folder, which
// is made where it is missing, and returns how many there are. Findings none of whose
// packets were met again get none.
func (s *Slices) Write(dir string, ifs []capture.Interface) (n int, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	for _, f := range s.chosen {
		list := s.of(f)
		if len(list) == 0 {
			continue
		}
		if err := s.file(filepath.Join(dir, Name(f)), f, list, ifs); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// of are the packets of a finding, in the order of the capture, each once.
func (s *Slices) of(f *finding.Finding) []kept {
	var list []kept
	for _, c := range s.cuts[f.ID] {
		list = append(list, c.kept...)
	}
	slices.SortStableFunc(list, func(a, b kept) int { return cmp.Compare(a.num, b.num) })
	return slices.CompactFunc(list, func(a, b kept) bool { return a.num == b.num })
}

func (s *Slices) file(path string, f *finding.Finding, list []kept, ifs []capture.Interface) (err error) {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return s.write(out, f, list, ifs)
}

// write writes one slice. Packets bear the number they have in the capture as
// epb_packetid, and, where evidence names them, in their comment.
func (s *Slices) write(out io.Writer, f *finding.Finding, list []kept, ifs []capture.Interface) error {
	named := namedBy(f)
	if s.hide != nil {
		ifs = []capture.Interface{{Link: linkRaw}}
	}
	w, err := pcapfile.NewWriter(out, ifs)
	if err != nil {
		return err
	}
	for _, k := range list {
		r := pcapfile.Record{Time: k.time, If: k.ifc, Frame: k.frame, WireLen: k.wire, ID: k.num, Comment: s.comment(k.num, named[k.num])}
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return w.Flush()
}

// comment is what is written beside a packet.
func (s *Slices) comment(num uint64, said []string) string {
	if len(said) == 0 {
		return ""
	}
	lines := []string{fmt.Sprintf("packet %d of the capture", num)}
	for _, line := range said {
		if s.hide != nil {
			line = s.hide.Text(line)
		}
		lines = append(lines, report.Text(line))
	}
	text := strings.Join(lines, "\n")
	if len(text) > maxComment {
		text = strings.ToValidUTF8(text[:maxComment], "") + " ..."
	}
	return text
}
