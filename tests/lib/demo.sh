# What both demonstrations do (tests/system/demo, demo-serve): programs that end with this shell, a
# token, a small CA. Sourced, with $build, $work and $origin set; made things lie in $work.
# shellcheck shell=bash
: "${build:?}" "${work:?}" "${origin:?}"
patience_s=60 # a machine may be busy
pids=()
interrupted=130

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

# The key is the demo's own and dies with it, as do those of its certificates; what can be looked at stays.
end() {
	local status=$? word=failed
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	[ "$status" -ne "$interrupted" ] || word='was interrupted'
	if [ "$status" -eq 0 ]; then
		rm -rf "$work"/{tokens,pin,guard,run,state} "$work"/*.{key,csr}
	else
		echo "the demo $word; see $work" >&2
	fi
	exit "$status"
}
trap end EXIT
trap 'exit $interrupted' INT TERM

# In the background, and not beyond this shell, however that ends. Ctrl-C is for this shell, which
# ends them: if they ended first, what is running just then would fail, and that would be told.
start() { # PROGRAM ARGUMENT...
	setpriv --pdeathsig TERM setsid "$@" &
	pids+=("$!")
}

free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000)) # below those that connections get: ip_local_port_range
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}

# Until a started program has written a line: by then it can be talked to. The machine may be busy,
# so the bound is far beyond what any step needs; the pause is there to leave it the processor.
wait_for_line() { # LOG PATTERN PID
	local deadline=$((SECONDS + patience_s)) why=
	until grep -q "$2" "$1" 2>/dev/null; do
		kill -0 "$3" 2>/dev/null || why="its program has ended"
		[ "$SECONDS" -lt "$deadline" ] || why="not within $patience_s seconds"
		if [ -n "$why" ]; then
			echo "expected a line with '$2' in $1: $why; it ends:" >&2
			tail -n 20 "$1" >&2
			return 1
		fi
		read -rt 0.05 <> <(:) || true
	done
}

make_certificate() { # NAME SAN USAGE
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
	openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days 30 \
		-out "$work/$1.crt" -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=%s\n' "$2" "$3") \
		2>/dev/null
}

# For YAML, whatever folder this is run in.
quoted() { printf "'%s'" "${1//"'"/"''"}"; }

# A token, the log's key in it, and its certificate at this path.
make_token() { # CERTIFICATE
	local module
	export SOFTHSM2_CONF=$work/softhsm2.conf
	printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' \
		"$work/tokens" >"$SOFTHSM2_CONF"
	(umask 077 && openssl rand -hex 8 >"$work/pin")
	softhsm2-util --init-token --free --label demo --pin "$(cat "$work/pin")" \
		--so-pin "$(openssl rand -hex 8)" >/dev/null
	module=$(find /usr/lib -name libsofthsm2.so | head -n 1)
	cat >"$work/hsm.yaml" <<END
origin: $origin
module: $module
token: demo
key: demo-log
pin_file: pin
certificate: $(quoted "$1")
guard: guard
END
	chmod 0644 "$work/hsm.yaml"
	"$build/hallmark-hsm" init -c "$work/hsm.yaml" >/dev/null
	"$build/hallmark-hsm" self-sign -c "$work/hsm.yaml" >/dev/null
}

make_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=demo CA' \
		-days 30 -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
}
