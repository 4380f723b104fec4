package explain

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"

	"chokepoint/classify/fact"
	"chokepoint/cmd/internal/report/table"
)

// columns is how wide a page is.
const columns = 100

// page is the text being written. Lines are fit to print; what goes through para
// is escaped there.
type page struct {
	w      io.Writer
	err    error
	locate func(num uint64) (file string, n uint64) // nil: one file
	files  []string                                 // that were referred to, in order
	wrote  bool
}

// line writes a line that is safe as it is.
func (p *page) line(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, strings.TrimRight(s, " ")+"\n")
	}
	p.wrote = true
}

// heading begins a part of the page.
func (p *page) heading(s string) {
	if p.wrote {
		p.line("")
	}
	p.line(s)
}

// para writes raw text in as many lines as it takes, the first after head and the
// others after as many blanks as indent says. Packet numbers of a joined capture
// get their file.
func (p *page) para(head string, indent int, text string) {
	cells := strings.Fields(p.placed(text))
	if len(cells) == 0 {
		p.line(head)
		return
	}
	for _, l := range table.Wrap(columns, head, indent, " ", cells) {
		p.line(l)
	}
}

// field writes a named value, if there is one.
func (p *page) field(name, text string) {
	if text != "" {
		p.para(fmt.Sprintf("  %-10s ", name), 13, text)
	}
}

var namesPacket = regexp.MustCompile(`\bpacket (\d+)`)

// placed puts the file before the packet numbers that a sentence names.
func (p *page) placed(text string) string {
	if p.locate == nil {
		return text
	}
	return namesPacket.ReplaceAllStringFunc(text, func(s string) string {
		n, err := strconv.ParseUint(s[len("packet "):], 10, 64)
		if err != nil {
			return s
		}
		return "packet " + p.ref(n)
	})
}

// ref names a packet: by its number, of a joined capture by a letter for the file
// and the number there.
func (p *page) ref(num uint64) string {
	if p.locate == nil {
		return strconv.FormatUint(num, 10)
	}
	file, n := p.locate(num)
	if file == "" {
		return strconv.FormatUint(num, 10)
	}
	i := slices.Index(p.files, file)
	if i < 0 {
		i = len(p.files)
		p.files = append(p.files, file)
	}
	return letter(i) + ":" + strconv.FormatUint(n, 10)
}

// letter names the files A to Z, AA and on.
func letter(i int) string {
	s := string(rune('A' + i%26))
	if i >= 26 {
		return letter(i/26-1) + s
	}
	return s
}

// refs lists packets, the first ones of many.
func (p *page) refs(nums []uint64) string {
	const most = 16
	var out []string
	for _, n := range nums[:min(len(nums), most)] {
		out = append(out, p.ref(n))
	}
	if n := len(nums) - most; n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(out, " ")
}

// legend says which file is which.
func (p *page) legend() {
	if len(p.files) == 0 {
		return
	}
	p.heading("Files")
	for i, f := range p.files {
		p.para("  "+letter(i)+"  ", 5, f)
	}
}

// spell turns a code into words.
func spell(code string) string { return strings.ReplaceAll(code, "_", " ") }

// endName is the end that a direction comes from.
func endName(d fact.Dir) string {
	if d == fact.Up {
		return "client"
	}
	return "server"
}

// wrapped lays raw text out in lines of a column.
func wrapped(text string) []string {
	if text == "" {
		return nil
	}
	return table.Wrap(columnWidth, "", 2, " ", strings.Fields(text))
}

// fill pads text that is fit to print.
func fill(s string, n int) string {
	if w := uniseg.StringWidth(s); w < n {
		return s + strings.Repeat(" ", n-w)
	}
	return s
}
