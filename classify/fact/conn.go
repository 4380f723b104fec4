package fact

import "strings"

// ConnState returns Zeek's conn_state of a TCP flow (docs.zeek.org, conn.log),
// read off the history of who sent what first; "" for other protocols.
func (f *Flow) ConnState() string {
	if f.Proto() != "tcp" {
		return ""
	}
	h := f.History
	has := func(c byte) bool { return strings.IndexByte(h, c) >= 0 }
	switch {
	case has('R') && (!has('r') || strings.IndexByte(h, 'R') < strings.IndexByte(h, 'r')):
		if !has('h') {
			if has('S') {
				return "RSTOS0"
			}
			return "OTH"
		}
		return "RSTO"
	case has('r'):
		switch {
		case has('S') && !has('h'):
			return "REJ"
		case !has('S') && has('h'):
			return "RSTRH"
		}
		return "RSTR"
	case !has('S') && !has('h'):
		return "OTH"
	case !has('h'):
		if has('F') {
			return "SH"
		}
		return "S0"
	case !has('S'):
		return "SHR"
	case has('F') && has('f'):
		return "SF"
	case has('F'):
		return "S2"
	case has('f'):
		return "S3"
	}
	return "S1"
}
