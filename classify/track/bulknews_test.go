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

// TestPlacesOfLogsMove: what was written to is known of each log, whichever goes first.
func TestPlacesOfLogsMove(t *testing.T) {
	for _, c := range []struct {
		name     string
		set      logSet
		from, to int
		want     logSet
	}{
		{"the last one takes the place of another", 0b1000, 3, 1, 0b0010},
		{"and was not written to", 0b0011, 3, 1, 0b0001},
		{"the last one goes itself", 0b1010, 3, 3, 0b0010},
		{"the highest place there is", 1 << 31, 31, 0, 1},
	} {
		c.set.move(c.from, c.to)
		is(t, c.name, c.set, c.want)
	}
	if maxLogs > 32 {
		t.Error("a set has 32 places")
	}
}
