package pages

import (
	"fmt"
	"net/url"
	"strconv"
)

// pager says which part of a long list a page shows, and links to the rest.
type pager struct {
	What          string
	From, To, Of  int
	Before, After string
}

// More reports whether the list goes on anywhere.
func (p pager) More() bool { return p.Before != "" || p.After != "" }

// Says names the part shown.
func (p pager) Says() string {
	return fmt.Sprintf("%s–%s of %s %s", amount(strconv.Itoa(p.From+1)), amount(strconv.Itoa(p.To)), amount(strconv.Itoa(p.Of)), p.What)
}

// offset is where the part begins that a parameter of the query asks for.
func (a *asked) offset(param string) int {
	n, err := strconv.Atoi(a.query.Get(param))
	return max(0, map[bool]int{true: n}[err == nil])
}

// pagerOf is for a list of so many, of which size are shown from an offset on.
func (a *asked) pagerOf(what, param string, from, size, of int) pager {
	p := pager{What: what, From: from, To: min(from+size, of), Of: of}
	at := func(n int) string {
		q := url.Values{}
		for k, v := range a.query {
			if k != "sent" && k != "tries" {
				q[k] = v
			}
		}
		q.Set(param, strconv.Itoa(n))
		if n == 0 {
			q.Del(param)
		}
		return a.URL.EscapedPath() + "?" + q.Encode()
	}
	if from > 0 {
		p.Before = at(max(0, from-size))
	}
	if p.To < of {
		p.After = at(p.To)
	}
	return p
}

// paged is the part of a list that the query asks for.
func paged[T any](a *asked, list []T, what, param string, size int) ([]T, pager) {
	from := min(a.offset(param), max(0, len(list)-1)/size*size)
	p := a.pagerOf(what, param, from, size, len(list))
	return list[p.From:p.To], p
}
