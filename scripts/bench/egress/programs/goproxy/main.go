// A proxy made of github.com/elazarl/goproxy, the library under several of the field's egress proxies: hosts checked,
// TLS intercepted with kept leaf certificates, one header injected, upstreams verified.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/elazarl/goproxy"
)

type leaves struct {
	mutex sync.Mutex
	kept  map[string]*tls.Certificate
}

func (l *leaves) Fetch(host string, make func() (*tls.Certificate, error)) (*tls.Certificate, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if known, ok := l.kept[host]; ok {
		return known, nil
	}
	made, err := make()
	if err == nil {
		l.kept[host] = made
	}
	return made, err
}

func main() {
	address, certificate, key, roots, credential := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	authority, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		log.Fatal(err)
	}
	if authority.Leaf, err = x509.ParseCertificate(authority.Certificate[0]); err != nil {
		log.Fatal(err)
	}
	pem, err := os.ReadFile(roots)
	if err != nil {
		log.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)

	proxy := goproxy.NewProxyHttpServer()
	proxy.CertStore = &leaves{kept: map[string]*tls.Certificate{}}
	proxy.KeepAcceptEncoding = true
	proxy.Tr = &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: trusted},
		MaxIdleConnsPerHost: 128,
		MaxIdleConns:        1024,
		DisableCompression:  true,
	}
	intercept := &goproxy.ConnectAction{Action: goproxy.ConnectMitm, TLSConfig: goproxy.TLSConfigFromCA(&authority)}
	proxy.OnRequest().HandleConnectFunc(func(host string, _ *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
		if strings.HasSuffix(host, ".bench.test:443") {
			return intercept, host
		}
		return goproxy.RejectConnect, host
	})
	proxy.OnRequest().DoFunc(func(request *http.Request, _ *goproxy.ProxyCtx) (*http.Request, *http.Response) {
		request.Header.Set("Authorization", "Bearer "+credential)
		return request, nil
	})
	log.Fatal(http.ListenAndServe(address, proxy))
}
