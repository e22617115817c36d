// The engine that Marp CLI is told to use: the one that the server, in the same process, has set.
'use strict'
module.exports = globalThis.lecternEngine
