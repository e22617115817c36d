// Unpacks the Chromium of @sparticuz/chromium into the given folder, completely or not at all. The package unpacks
// into the system's temporary folder, which others may write to, and accepts a half-written file.
import fs from 'node:fs'
import path from 'node:path'

const target = path.resolve(process.argv[2])
const working = `${target}.${process.pid}`

// Its input ends when the process that waits for it ends.
process.stdin.on('end', () => process.exit(1)).resume()
process.on('exit', () => fs.rmSync(working, { recursive: true, force: true }))
fs.mkdirSync(working, { recursive: true })
for (const name of fs.readdirSync(path.dirname(target))) {
  const [, pid] = name.match(/^chromium\.(\d+)$/) ?? []
  if (pid && !runs(Number(pid))) fs.rmSync(path.join(path.dirname(target), name), { recursive: true, force: true })
}
process.env.TMPDIR = working
process.env.AWS_LAMBDA_JS_RUNTIME = 'nodejs22.x' // unpack the system libraries too

const { default: chromium } = await import('@sparticuz/chromium')
await chromium.executablePath()

// Its font settings name the folder it would have used.
const settings = path.join(working, 'fonts', 'fonts.conf')
const named = fs.readFileSync(settings, 'utf8').replaceAll('/tmp/fonts', path.join(target, 'fonts'))
fs.writeFileSync(settings, named)

fs.rmSync(target, { recursive: true, force: true })
fs.renameSync(working, target)
process.exit()

function runs(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM' // the process is another user's
  }
}
