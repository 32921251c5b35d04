package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

// lists is a reader of long lists, some rows of which are of the same instant.
type lists struct {
	report.Reader
	episodes []report.Episode
	parked   []report.Parked
}

func (l *lists) SLA(_ context.Context, f report.Filter) (out []report.Episode, err error) {
	for _, e := range l.episodes {
		if f.Status == "" || e.Status == f.Status {
			out = append(out, e)
		}
	}
	return out, nil
}

func (l *lists) Parked(_ context.Context, state string) (out []report.Parked, err error) {
	for _, p := range l.parked {
		if state == "" || p.State == state {
			out = append(out, p)
		}
	}
	return out, nil
}

func (l *lists) ParkedByID(_ context.Context, id string) (*report.Parked, error) {
	if at := slices.IndexFunc(l.parked, func(p report.Parked) bool { return p.ParkedID == id }); at >= 0 {
		return &l.parked[at], nil
	}
	return nil, report.NotFound{What: "parked input", ID: id}
}

func longLists() *lists {
	l := &lists{}
	at := time.Date(2027, time.April, 1, 9, 0, 0, 0, time.UTC)
	for i := range 120 {
		when := at.Add(time.Duration(i/7) * time.Hour)
		l.parked = append(l.parked, report.Parked{ParkedID: fmt.Sprintf("p-%03d", i), State: "parked", At: when})
		l.episodes = append(l.episodes, report.Episode{EpisodeID: fmt.Sprintf("e-%03d", i*77%120), Status: "open", Deadline: when.Format(time.RFC3339)})
	}
	return l
}

// page asks for a page of a list and gives the rows' ids.
func page(t *testing.T, h http.Handler, path string, query url.Values) (ids []string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+path+"?"+query.Encode(), nil))
	var rows []struct {
		ParkedID  string `json:"parked_id"`
		EpisodeID string `json:"episode_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil || w.Code != http.StatusOK {
		t.Fatalf("GET %s?%s = %d %s", path, query.Encode(), w.Code, w.Body)
	}
	for _, r := range rows {
		ids = append(ids, r.ParkedID+r.EpisodeID)
	}
	return ids
}

// A list page by page is the whole list, whatever the size of a page, and while
// rows that were shown change so that they are not among those asked for.
func TestListsPageByPage(t *testing.T) {
	for path, query := range map[string]url.Values{"/v1/sla": {"status": {"open"}}, "/v1/parked": {"state": {"parked"}}} {
		for _, size := range []int{1, 7, 50, 119, 120, 500} {
			l := longLists()
			server := web.NewServer(l, web.Options{})
			whole := page(t, server, path, query)
			if len(whole) != 120 {
				t.Fatalf("%s has %d rows", path, len(whole))
			}
			var got []string
			q := url.Values{"limit": {fmt.Sprint(size)}}
			for name, v := range query {
				q[name] = v
			}
			for {
				ids := page(t, server, path, q)
				got = append(got, ids...)
				if len(ids) < size {
					break
				}
				last := ids[len(ids)-1]
				for i := range l.episodes { // which is resolved meanwhile, and its input applied
					if l.episodes[i].EpisodeID == last {
						l.episodes[i].Status = "resolved"
					}
					if l.parked[i].ParkedID == last {
						l.parked[i].State = "applied"
					}
				}
				q.Set("after", last)
			}
			if !slices.Equal(got, whole) {
				t.Errorf("%s, %d at a time: %d rows %v, want the %d of the whole", path, size, len(got), got, len(whole))
			}
		}
	}
	s := httptest.NewServer(web.NewServer(longLists(), web.Options{}))
	defer s.Close()
	for target, want := range map[string]string{
		"/v1/sla?after=x":            `parameter "after": there is no episode "x"`,
		"/v1/parked?after=p-9":       `parameter "after": there is no parked input "p-9"`,
		"/v1/parked?limit=-1":        `parameter "limit": "-1" is not a number from 0 to 10000`,
		"/v1/sla?limit=ten":          `parameter "limit": "ten" is not a number from 0 to 10000`,
		"/v1/parked?offset=3":        `parameter "offset" is not one of state, limit, after`,
		"/v1/parked?limit=1&limit=2": `parameter "limit" is there 2 times`,
	} {
		resp, body := get(t, http.MethodGet, s.URL+target, "")
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(strings.ReplaceAll(body, `\"`, `"`), want) {
			t.Errorf("%s = %d %s, want %s", target, resp.StatusCode, body, want)
		}
	}
}
