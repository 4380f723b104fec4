package track

import "testing"

// TestBulkNews: packets that are logged are news until the logs are listed, and so is a
// log that is given up.
func TestBulkNews(t *testing.T) {
	c := newTalk(t).open()
	is(t, "news of nothing", c.BulkNews(), false)
	for range 40 {
		c.data(down, 1400)
	}
	is(t, "news of data", c.BulkNews(), true)
	is(t, "logs", len(c.Bulks(nil)), 1)
	is(t, "news once listed", c.BulkNews(), false)
	c.ack(up)
	is(t, "news of an acknowledgement", c.BulkNews(), true)
	c.Bulks(nil)
	c.dropLog(0)
	is(t, "news of a log given up", c.BulkNews(), true)
	is(t, "logs", len(c.Bulks(nil)), 0)
}
