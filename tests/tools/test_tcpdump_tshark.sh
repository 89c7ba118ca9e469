#!/bin/bash
# What tcpdump -w writes, on one interface and on "any", is read by tshark without a complaint.
set -eu
command -v tshark >/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for interface in eth0 any; do
    timeout 30 "$IMP" shell labs/two-hosts.yaml anna -c "
        tcpdump -i $interface -w $folder/$interface.pcap -c 4 icmp 2>/dev/null & sleep 0.5; ping -n -c 2 -i 0.2 10.0.0.2 >/dev/null; wait"
    got=$(tshark -r "$folder/$interface.pcap" -T fields -e ip.src -e icmp.type -e icmp.checksum.status 2>"$folder/errors")
    wanted=$(printf '10.0.0.1\t8\t1\n10.0.0.2\t0\t1\n10.0.0.1\t8\t1\n10.0.0.2\t0\t1')
    grep -v "Running as user" "$folder/errors" && { echo "tshark complains of $interface.pcap"; exit 1; }
    [ "$got" = "$wanted" ] || { echo "$interface: tshark reads:"; echo "$got"; exit 1; }
done
