package http

import "testing"

// laws: what a prefix says for good, the whole stream says too; a value used
// before says the same as a fresh one; nothing is longer than it may be.
func laws(t *testing.T, stream []byte) {
	t.Helper()
	var req, usedReq Request
	var res, usedRes Response
	qst, qn := req.Parse(stream)
	sst, sn := res.Parse(stream)
	for _, n := range [...]int{qn, sn} {
		if n < 0 || n > len(stream) {
			t.Fatalf("took %d of %d bytes", n, len(stream))
		}
	}
	if len(req.Host) > 255 || len(res.Title) > maxTitle {
		t.Fatalf("host of %d, title of %d bytes", len(req.Host), len(res.Title))
	}
	usedReq.Parse([]byte("GET /a HTTP/1.1\r\nHost: b\r\nHost: c\r\nUpgrade: d\r\nUser-Agent: e\r\n\r\n"))
	usedRes.Parse([]byte("HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 20\r\nLocation: b\r\nContent-Encoding: br\r\n\r\n"))
	for i := 0; i < len(stream); i += 1 + i/30 {
		var q Request
		if st, n := q.Parse(stream[:i]); st != NeedMore && (st != qst || n != qn || st == Done && q != req) {
			t.Fatalf("request prefix of %d: %v, %d, %+v\nwhole: %v, %d, %+v", i, st, n, q, qst, qn, req)
		}
		var s Response
		if st, n := s.Parse(stream[:i]); st != NeedMore && (st != sst || n != sn || st == Done && s != res) {
			t.Fatalf("response prefix of %d: %v, %d, %+v\nwhole: %v, %d, %+v", i, st, n, s, sst, sn, res)
		}
		usedReq.Parse(stream[:i])
		usedRes.Parse(stream[:i])
	}
	usedReq.Parse(stream)
	usedRes.Parse(stream)
	if usedReq != req || usedRes != res {
		t.Fatalf("reused: %+v, %+v\nfresh: %+v, %+v", usedReq, usedRes, req, res)
	}
}

func FuzzHeads(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: web.whatsapp.com\r\n\r\n"))
	f.Add([]byte("\nCONNECT t.me:443 HTTP/1.0\n\n"))
	f.Add([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 40\r\n\r\n<head><title>a</title></head><body>"))
	f.Add([]byte("HTTP/1.0 403\n\n <tiTle \n>x&lt;</Title"))
	f.Fuzz(laws)
}

func BenchmarkRequest(b *testing.B) {
	stream := []byte("GET /generate_204 HTTP/1.1\r\nHost: web.whatsapp.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n")
	var r Request
	b.ReportAllocs()
	for b.Loop() {
		r.Parse(stream)
	}
}

func TestParsingAgainDoesNotAllocate(t *testing.T) {
	q := []byte("GET / HTTP/1.1\r\nHost: web.whatsapp.com\r\nUser-Agent: x\r\n")
	s := []byte("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/html\r\n\r\n<html>")
	var req Request
	var res Response
	if n := testing.AllocsPerRun(100, func() { req.Parse(q); res.Parse(s) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
