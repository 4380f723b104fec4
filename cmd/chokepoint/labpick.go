package main

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"chokepoint/cmd/internal/report"
)

// goes reports whether a word on the command line means the scene: its name, a
// pattern of names, or a line of the test matrix.
func (s *scene) goes(word string) bool {
	ok, err := path.Match(word, s.name)
	return err == nil && ok || slices.ContainsFunc(s.cases, func(c string) bool { return strings.EqualFold(c, word) })
}

// stage opens the lab. Where there is none, that was said, and the error is a code.
func (a *app) stage() ([]scene, error) {
	scenes, err := a.lab.scenes()
	if err != nil {
		a.log.Error().Msg(report.Text(err.Error()))
		return nil, exit(exitPrivilege)
	}
	return scenes, nil
}

// pick returns the scenes that are meant by the words, each once, in the order of
// the words. A word that means none is wrong usage.
func pick(scenes []scene, words []string) (out []scene, err error) {
	for _, w := range words {
		found := false
		for _, s := range scenes {
			if !s.goes(w) {
				continue
			}
			found = true
			if !slices.ContainsFunc(out, func(o scene) bool { return o.name == s.name }) {
				out = append(out, s)
			}
		}
		if !found {
			return nil, errors.New(unknown(scenes, w))
		}
	}
	return out, nil
}

// maxNear is how many names are offered instead of an unknown one.
const maxNear = 3

// unknown says that there is no such scene, and which are near.
func unknown(scenes []scene, word string) string {
	var names []string
	for _, s := range scenes {
		names = append(names, s.name)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(apart(word, a), apart(word, b)) })
	names = slices.DeleteFunc(names, func(n string) bool { return apart(word, n) > max(2, len(word)/3) })
	text := fmt.Sprintf("no scenario %q", word)
	if len(names) == 0 {
		return text + `; "chokepoint lab list" names them`
	}
	return text + "; did you mean " + strings.Join(names[:min(maxNear, len(names))], ", ") + "?"
}

// apart is how far two names are from each other: nothing when one contains the
// other, else the edits between them (Levenshtein's distance).
func apart(word, name string) int {
	if word != "" && strings.Contains(name, word) {
		return 0
	}
	row := make([]int, len(name)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(word) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(name) {
			edit := diagonal
			if word[i] != name[j] {
				edit++
			}
			diagonal = row[j+1]
			row[j+1] = min(edit, row[j]+1, diagonal+1)
		}
	}
	return row[len(name)]
}
