package main

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
)

// wholeHello is the snaplen below which TLS client hellos, and the names in
// them, are cut: an Ethernet frame of 1500 bytes of IP.
const wholeHello = 1514

// describe says what is known of an input before it is read on.
func describe(in input, src *source, vantage, expression string, rules *service.Rules) *report.Meta {
	m := &report.Meta{
		Tool: "chokepoint", Version: version(), Schema: report.Schema,
		Files: []report.File{{Name: in.name}}, Expr: expression, Vantage: vantage,
		Rules: report.Rules{Date: rulesDate(rules)},
	}
	if in.files != nil {
		m.Locate = src.locate
		m.Files = nil
		for _, name := range in.files {
			m.Files = append(m.Files, report.File{Name: name})
		}
	}
	ifs := src.Interfaces()
	describeFile(&m.Files[0], ifs)
	m.Health = health(ifs, expression)
	return m
}

// planned notes that only what a live capture would deliver is looked at.
func planned(m *report.Meta) {
	m.Plan = planLive
	m.Health = append(m.Health, finding.Reason{Code: "plan",
		Text: "only what a live capture delivers was looked at: of most packets the headers"})
}

// describeFile fills what the interfaces say. Of several the narrowest snaplen
// counts, because it limits what can be told.
func describeFile(f *report.File, ifs []capture.Interface) {
	var links, filters []string
	var dropped uint64
	for _, i := range ifs {
		links = add(links, i.Link.String())
		filters = add(filters, i.Filter)
		if i.Snaplen != 0 && (f.Snaplen == 0 || i.Snaplen < f.Snaplen) {
			f.Snaplen = i.Snaplen
		}
		dropped += i.Dropped
	}
	f.LinkType, f.Filter = strings.Join(links, "+"), strings.Join(filters, " | ")
	if dropped > 0 { // a zero this early only means that nothing was said yet
		f.Dropped = &dropped
	}
}

// add appends s unless it is empty or there.
func add(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// health lists what limits the answer from the start.
func health(ifs []capture.Interface, expression string) []finding.Reason {
	var out []finding.Reason
	if expression != "" {
		out = append(out, finding.Reason{Code: "expression",
			Text: "only what matches the expression was looked at: controls may be missing"})
	}
	var f report.File
	describeFile(&f, ifs)
	if f.Filter != "" {
		out = append(out, finding.Reason{Code: "capture_filter",
			Text: fmt.Sprintf("recorded with filter %q: controls may be missing", f.Filter)})
	}
	if f.Snaplen != 0 && f.Snaplen < wholeHello {
		out = append(out, finding.Reason{Code: "snaplen",
			Text: fmt.Sprintf("%d bytes kept of each packet: names may be missing", f.Snaplen)})
	}
	for _, i := range ifs {
		if !i.Link.Supported() {
			out = append(out, finding.Reason{Code: "unsupported_link",
				Text: fmt.Sprintf("packets of link type %s are passed over", i.Link)})
		}
	}
	return out
}
