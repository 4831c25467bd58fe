"""What the schemas of Kubernetes cannot say of the rendered base: see .ci/kubernetes. Prints each mistake; exits 1 with any."""

import os
import subprocess
import sys
import tempfile

import yaml

mistakes = []


def expect(holds, message):
    if not holds:
        mistakes.append(message)


def named(resources, kind, name):
    """The resource of a kind whose name is this, or this and the hash that kustomize appends."""
    for resource in resources:
        of = resource["metadata"]["name"]
        if resource["kind"] == kind and (of == name or of.startswith(name + "-")):
            return resource
    mistakes.append(f"no {kind} is called {name}")
    return None


def pods(resources, job):
    """What a job's pod mounts must be there."""
    name, spec = job["metadata"]["name"], job["spec"]["template"]["spec"]
    expect(spec.get("restartPolicy") == "Never", f"{name}: restartPolicy must be Never: a job's pods are made anew")
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        for mount in container.get("volumeMounts", []):
            expect(mount["name"] in volumes, f"{name}: there is no volume {mount['name']}")
    of = {(resource["kind"], resource["metadata"]["name"]) for resource in resources}
    for volume in volumes.values():
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        expect(claim is None or ("PersistentVolumeClaim", claim) in of, f"{name}: no such claim: {claim}")
        config = volume.get("configMap", {}).get("name")
        expect(config is None or ("ConfigMap", config) in of, f"{name}: no such ConfigMap: {config}")


def command(container, environment):
    """What a container's command comes to: the words that `doorbuster` is given, by one that only prints them."""
    with tempfile.TemporaryDirectory() as folder:
        stub = os.path.join(folder, "doorbuster")
        with open(stub, "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\necho "$*"\n')
        os.chmod(stub, 0o755)
        told = {entry["name"]: entry["value"] for entry in container.get("env", [])}
        told.update(environment, PATH=f"{folder}:/usr/bin:/bin")
        ran = subprocess.run(container["command"], env=told, capture_output=True, text=True, timeout=10)
        return ran.stdout.strip() if ran.returncode == 0 else f"exit code {ran.returncode}: {ran.stderr}"


def run(job):
    """The workers are 1 to n, each once."""
    spec = job["spec"]
    worker = spec["template"]["spec"]["containers"][0]
    environment = {entry["name"]: entry["value"] for entry in worker["env"]}
    numbers = (str(spec.get("completions")), str(spec.get("parallelism")), environment.get("WORKERS"))
    expect(len(set(numbers)) == 1, f"completions, parallelism and WORKERS are one number, not {', '.join(map(str, numbers))}")
    expect(spec.get("completionMode") == "Indexed", "completionMode must be Indexed: a worker is its index")
    workers = spec.get("completions", 0)
    for index in range(workers):
        number = index + 1
        wanted = (
            f"run {environment.get('SCENARIO')} --seed {environment.get('SEED')}"
            f" --worker {number}/{workers} --out /parts/{number}"
        )
        told = command(worker, {"JOB_COMPLETION_INDEX": str(index)})
        expect(told == wanted, f"index {index} must come to `{wanted}`, and comes to `{told}`")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        resources = [resource for resource in yaml.safe_load_all(file) if resource]
    config = named(resources, "ConfigMap", "doorbuster-run")
    expect(config is None or "scenario.yaml" in config["data"], "the ConfigMap has no scenario.yaml")
    job = named(resources, "Job", "doorbuster-run")
    if job:
        run(job)
    merge = named(resources, "Job", "doorbuster-merge")
    if merge:
        expect(merge["spec"].get("suspend") is True, "doorbuster-merge must wait: suspend: true")
    for resource in resources:
        if resource["kind"] == "Job":
            pods(resources, resource)
    for mistake in mistakes:
        print(f"error: {mistake}", file=sys.stderr)
    sys.exit(1 if mistakes else 0)


main()
