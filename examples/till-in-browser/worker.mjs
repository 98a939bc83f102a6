// Keeps the page and its script: asked of the server first, from the cache when there is none. Sales do not pass through here.
const FILES = ['./', 'page.js']
self.addEventListener('install', (event) => {
  event.waitUntil(caches.open('till').then((cache) => cache.addAll(FILES)))
  self.skipWaiting()
})
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return
  event.respondWith(
    fetch(event.request).then(
      async (response) => {
        if (response.ok) await (await caches.open('till')).put(event.request, response.clone())
        return response
      },
      async () => (await caches.match(event.request)) ?? Response.error(),
    ),
  )
})
