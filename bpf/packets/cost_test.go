//go:build linux

package packets

import (
	"strings"
	"testing"
)

// TestCost: what is measured is a program that does its work.
func TestCost(t *testing.T) {
	need(t)
	frame := ether(0x0800, v4(6, tcp(1000, 443, ack, 12, zeros(10)))) // the first of them are sent
	nothing, err := CostOfNothing(frame)
	if err != nil {
		t.Fatal(err)
	}
	c := small
	c.Aggregate = true
	count, err := Cost(c, frame)
	if err != nil {
		t.Fatal(err)
	}
	if nothing <= 0 || count <= nothing {
		t.Errorf("nothing takes %v, counting %v", nothing, count)
	}
}

// TestCostLost: records that were lost cost less than records that were not.
func TestCostLost(t *testing.T) {
	need(t)
	c := small
	c.RingBytes, c.Payloads = 1<<16, 1<<31
	_, err := Cost(c, ether(0x0800, v4(6, tcp(1000, 443, ack, 12, zeros(100)))))
	if err == nil || !strings.Contains(err.Error(), "found the ring full") {
		t.Errorf("no room for records: %v", err)
	}
}
