// Package web serves what a live capture tells over HTTP: /metrics for Prometheus, /
// as a page to look at, and /events, which keeps that page up to date. Nothing that is
// sent to it changes anything.
//
// Who asks is not trusted. Web pages of others must not read it through the browser of
// somebody who is near it: a Host that is not this server's own address is refused (a
// name may be pointed at any address, DNS rebinding), and so is what a foreign page
// asks for. Each client has little time, there are few at once, and one that does not
// read is dropped: the capture never waits for any.
package web
