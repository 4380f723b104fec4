package known

import (
	"slices"
	"strings"
	"testing"
)

const pageHeader = "name,scope,other_names,location_found,pattern_type,pattern,confidence_no_fp,expected_countries,source,exp_url,notes\n"

func pagesOf(t *testing.T, rows string) *Pages {
	t.Helper()
	l, err := ReadPages("pages.csv", strings.NewReader(pageHeader+rows))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPagesAreRecognised(t *testing.T) {
	l := pagesOf(t, `xx.isp,isp,,header.location,full,http://block.example/,8,XX,,,
xx.isp2,isp,,header.Location,prefix,http://warning.example/?id=,,XX,,,
xx.body,nat,,body,contains,prohibited for viewership,3,XX,,,
xx.re,nat,,body,regexp,"<title>Blocked.{1,9}[0-9]</title>",9,XX,,,
xx.dns,nat,,dns,full,10.10.34.34,9,XX,,,
`)
	for _, tc := range []struct {
		name, head, body string
		want             []string
	}{
		{"all of a field", "HTTP/1.1 302 Found\r\nLocation: http://block.example/\r\n\r\n", "", []string{"xx.isp"}},
		{"more than all of it", "HTTP/1.1 302 Found\r\nLocation: http://block.example/x\r\n\r\n", "", nil},
		{"how a field begins, by any case", "HTTP/1.1 302 Found\r\nLOCATION:http://warning.example/?id=17\r\n\r\n", "", []string{"xx.isp2"}},
		{"another field", "HTTP/1.1 302 Found\r\nReferer: http://block.example/\r\n\r\n", "", nil},
		{"within a page", "HTTP/1.1 200 OK\r\n\r\n", "<h1>This is prohibited for viewership here</h1>", []string{"xx.body"}},
		{"over lines", "HTTP/1.1 200 OK\r\n\r\n", "<title>Blocked\r\nby 7</title>", []string{"xx.re"}},
		{"nothing", "HTTP/1.1 200 OK\r\n\r\n", "<h1>welcome</h1>", nil},
	} {
		var got []string
		for _, m := range l.Lookup([]byte(tc.head), []byte(tc.body), 4) {
			got = append(got, m.Name)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
	if m := l.Lookup([]byte("Location: http://block.example/"), nil, 4); len(m) != 1 || m[0] != (Match{"xx.isp", "location", true, "isp", 8}) {
		t.Errorf("%+v", m)
	}
	var none *Pages
	if l.Len() != 4 || none.Len() != 0 || none.Lookup(nil, nil, 4) != nil {
		t.Errorf("%d entries", l.Len())
	}
	if l.Add(l); l.Len() != 8 {
		t.Errorf("%d after adding", l.Len())
	}
}

// TestBadPagesAreNamed: each error has file and line.
func TestBadPagesAreNamed(t *testing.T) {
	const good = "a,isp,,body,contains,x,5,,,,\n"
	for name, tc := range map[string]struct{ text, want string }{
		"an empty file":      {"", "pages.csv:1:"},
		"no column":          {"name,scope\n", `pages.csv:1: there is no column "location_found"`},
		"a bad expression":   {pageHeader + good + "b,isp,,body,regexp,(,5,,,,\n", "pages.csv:3: pattern"},
		"a place of no sort": {pageHeader + "b,isp,,footer,contains,x,5,,,,\n", "pages.csv:2: location_found"},
		"a field of no name": {pageHeader + "b,isp,,header.,contains,x,5,,,,\n", "pages.csv:2: location_found"},
		"a kind of no sort":  {pageHeader + "b,isp,,body,glob,x,5,,,,\n", "pages.csv:2: pattern_type"},
		"what fits all":      {pageHeader + "b,isp,,body,contains,,5,,,,\n", "pages.csv:2: a fingerprint without"},
		"too sure":           {pageHeader + "b,isp,,body,contains,x,11,,,,\n", "pages.csv:2: confidence_no_fp"},
		"a quote left open":  {pageHeader + good + "b,isp,,body,contains,\"x,5\n", "pages.csv:3:"},
	} {
		if _, err := ReadPages("pages.csv", strings.NewReader(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
