// Package s3faults stands between a client and a real S3 server and does what networks and busy servers do: it delays,
// resets, throttles, fails, stalls and cuts off. Tests and benchmarks use it.
//
// It imports nothing of ours. Its law: a request whose fault is None passes through unchanged.
package s3faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// Fault is what happens to a request.
type Fault int

const (
	None      Fault = iota
	Reset           // the connection is reset before the server sees the request
	LostReply       // the server does what it was asked to, but the connection is reset before the reply
	SlowDown        // 503 SlowDown, S3's throttling
	Internal        // 500 InternalError
	Expired         // 400 ExpiredToken
	Truncate        // the reply's body is cut off half way
	Stall           // the reply's body stops half way, and the connection stays open
)

// Decide chooses the fault of the n-th request, from 0.
type Decide func(n int64, r *http.Request) Fault

// Proxy is a running proxy.
type Proxy struct {
	// Endpoint is where clients connect to: http://127.0.0.1:port.
	Endpoint string
	server   *http.Server
	forward  *httputil.ReverseProxy
	decide   Decide
	delay    time.Duration
	requests atomic.Int64
	served   chan struct{}
	closed   context.Context
	cancel   context.CancelFunc
}

// faultKey carries a request's fault to where its reply passes.
type faultKey struct{}

// Start runs a proxy in front of the server at target, on a free port of loopback. Every request is delayed; a nil
// decide means that none fails.
func Start(target string, delay time.Duration, decide Decide) (*Proxy, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{Endpoint: "http://" + listener.Addr().String(), decide: decide, delay: delay, served: make(chan struct{})}
	p.closed, p.cancel = context.WithCancel(context.Background())
	p.forward = &httputil.ReverseProxy{
		// The host stays what the client has signed.
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host },
		ModifyResponse: p.reply,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		Transport:      &http.Transport{MaxIdleConnsPerHost: 256},
		ErrorLog:       log.New(io.Discard, "", 0), // what is cut off on purpose is no news
	}
	p.server = &http.Server{Handler: p}
	go func() {
		defer close(p.served)
		_ = p.server.Serve(listener) // it ends with Stop
	}()
	return p, nil
}

// Stop ends the proxy and its connections.
func (p *Proxy) Stop() {
	p.cancel()
	_ = p.server.Close()
	<-p.served
}

// Requests is how many requests have come.
func (p *Proxy) Requests() int64 { return p.requests.Load() }

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, fault := p.requests.Add(1)-1, None
	if p.decide != nil {
		fault = p.decide(n, r)
	}
	time.Sleep(p.delay)
	switch fault {
	case Reset:
		reset(w)
	case SlowDown:
		refuse(w, r, http.StatusServiceUnavailable, "SlowDown")
	case Internal:
		refuse(w, r, http.StatusInternalServerError, "InternalError")
	case Expired:
		refuse(w, r, http.StatusBadRequest, "ExpiredToken")
	case LostReply:
		p.forward.ServeHTTP(discarded{http.Header{}}, r)
		reset(w)
	default:
		p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), faultKey{}, fault)))
	}
}

// reply cuts a reply's body off, or stalls it.
func (p *Proxy) reply(r *http.Response) error {
	fault, _ := r.Request.Context().Value(faultKey{}).(Fault)
	if fault != Truncate && fault != Stall || r.ContentLength < 2 {
		return nil
	}
	end := errors.New("cut off")
	r.Body = &partialBody{ReadCloser: r.Body, left: r.ContentLength / 2, then: func() error {
		if fault == Stall {
			select {
			case <-p.closed.Done():
			case <-r.Request.Context().Done():
			}
		}
		return end
	}}
	return nil
}

// partialBody gives the first bytes of a body, and then an error.
type partialBody struct {
	io.ReadCloser
	left int64
	then func() error
}

func (b *partialBody) Read(data []byte) (int, error) {
	if b.left == 0 {
		return 0, b.then()
	}
	n, err := b.ReadCloser.Read(data[:min(int64(len(data)), b.left)])
	b.left -= int64(n)
	return n, err
}

// discarded takes a reply that nobody gets.
type discarded struct{ header http.Header }

func (d discarded) Header() http.Header         { return d.header }
func (d discarded) Write(p []byte) (int, error) { return len(p), nil }
func (d discarded) WriteHeader(int)             {}

// reset breaks the connection with a TCP reset.
func reset(w http.ResponseWriter) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

// refuse answers as S3 does. The body is read first, as a server that is busy does too.
func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code><Message>injected</Message></Error>", code)
	}
}
