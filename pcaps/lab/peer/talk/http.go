package talk

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// HTTP is a stream of HTTP/1.1 in the clear.
type HTTP struct {
	Host string
	Path string // "/" when empty
}

// postOver is the largest question, bytes, that is a GET: its header is about as
// long. Larger ones are the body of a POST.
const postOver = 1200

const userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// cookie is what carries the instructions in HTTP.
const cookie = "session"

func (h HTTP) open(_ context.Context, c net.Conn) (voice, error) {
	return &browser{speaker: *newSpeaker(c), host: h.Host, path: h.Path, fill: text()}, nil
}

// browser is a client that speaks HTTP/1.1.
type browser struct {
	speaker
	host, path string
	fill       []byte
	asked      *http.Request
}

func (b *browser) ask(ctx context.Context, t Turn) error {
	req, err := request(ctx, "http", b.host, b.path, t)
	if err != nil {
		return err
	}
	b.asked = req
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\n", req.Method, req.URL.RequestURI(), req.Host)
	if req.ContentLength > 0 {
		fmt.Fprintf(&head, "Content-Length: %d\r\n", req.ContentLength)
	}
	if err := req.Header.Write(&head); err != nil {
		return err
	}
	head.WriteString("\r\n")
	return write(ctx, b.c, []byte(head.String()), b.fill, int(req.ContentLength), t.AskPace)
}

// request is the question of a turn, still without its body.
func request(ctx context.Context, scheme, host, path string, t Turn) (*http.Request, error) {
	if host == "" {
		host = "localhost"
	}
	if path == "" {
		path = "/"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+host+path, nil)
	if err != nil {
		return nil, err
	}
	if t.Ask > postOver {
		req.Method, req.ContentLength = http.MethodPost, int64(t.Ask)
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	req.Header.Set("Accept-Language", "en-US,en;q=0.9")
	req.AddCookie(&http.Cookie{Name: cookie, Value: base64.RawURLEncoding.EncodeToString(t.head())})
	return req, nil
}

func (b *browser) hear(t Turn) (io.Reader, error) {
	res, err := http.ReadResponse(b.r, b.asked)
	if err != nil {
		return nil, err
	}
	return res.Body, expected(res, t)
}

// expected says whether a response is the server's.
func expected(res *http.Response, t Turn) error {
	switch {
	case res.StatusCode != http.StatusOK && res.Header.Get("Location") != "":
		return fmt.Errorf("sent to %s (%s)", res.Header.Get("Location"), res.Status)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("status %s", res.Status)
	case res.ContentLength != int64(t.Answer):
		return fmt.Errorf("another page, of %d bytes", res.ContentLength)
	}
	return nil
}

// wanted reads the instructions of a request; a request without them is a
// stranger's, who gets a small page.
func wanted(req *http.Request) (Turn, error) {
	const page = 3000
	c, err := req.Cookie(cookie)
	if err != nil {
		return Turn{Answer: page}, nil
	}
	t, _, err := heard(bufio.NewReader(base64.NewDecoder(base64.RawURLEncoding, strings.NewReader(c.Value))))
	return t, err
}

// answerHTTP is [Answer] in HTTP/1.1.
func answerHTTP(ctx context.Context, c net.Conn, fill []byte, idle time.Duration) error {
	r := bufio.NewReader(c)
	for {
		if err := await(c, r, idle); err != nil {
			return gone(err)
		}
		req, err := http.ReadRequest(r)
		if err != nil {
			return err
		}
		t, err := wanted(req)
		if err != nil {
			return err
		}
		if t.End != Abort {
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return fmt.Errorf("question broke off: %w", err)
			}
		}
		head := fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n",
			time.Now().UTC().Format(http.TimeFormat), t.Answer)
		if err := reply(ctx, c, []byte(head), fill, t); err != nil {
			return gone(err)
		}
	}
}
