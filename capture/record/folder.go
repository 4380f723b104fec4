package record

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// folder is where files are made.
type folder interface {
	create(name string) (file, error) // fs.ErrExist where there is one
	remove(m made)
	Close() error
}

// file is what a recording needs of an [os.File].
type file interface {
	io.WriteCloser
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
}

// onlyOwner is the mode of files: others have no business with them.
const onlyOwner = 0o600

// directory is a folder that stays the one it was when it was opened, whatever
// becomes of its path.
type directory struct{ *os.Root }

func openFolder(path string) (folder, error) {
	r, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return directory{r}, nil
}

func (d directory) create(name string) (file, error) {
	f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, onlyOwner)
	if err != nil {
		return nil, err // not f: a nil in an interface is something
	}
	return f, nil
}

// remove removes a file unless another has its name by now. That it cannot be
// removed does not keep the next one from being written.
func (d directory) remove(m made) {
	if now, err := d.Lstat(m.name); err == nil && m.info != nil && os.SameFile(now, m.info) {
		_ = d.Remove(m.name)
	}
}

// split takes a path apart.
func split(path string) (dir, name string) {
	path = filepath.Clean(path) // without it, "dir/" is dir in dir
	return filepath.Dir(path), filepath.Base(path)
}
