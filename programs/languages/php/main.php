<?php
// Four hash chains, one after the other: the job of ../chains.ts in PHP, whose usual build has no threads.
declare(strict_types=1);

const LANES = 4;
const WORD = 32;

/** What is wrong with a job, in words for whoever reads result.json. */
final class JobException extends Exception
{
}

function chain(string $seed, int $lane, int $steps): string
{
    $end = hash('sha256', $seed . chr($lane), true);
    for ($step = 1; $step < $steps; $step++) {
        $end = hash('sha256', $end, true);
    }
    return $end;
}

function prove(): string
{
    $input = @file_get_contents('/in/public_inputs');
    if ($input === false) {
        throw new JobException('the file /in/public_inputs is missing');
    }
    if (strlen($input) !== 2 * WORD) {
        throw new JobException('public_inputs is not two words of 32 bytes');
    }
    $steps = unpack('N', $input, 2 * WORD - 4)[1];
    if ($steps === 0 || substr($input, WORD, WORD - 4) !== str_repeat("\0", WORD - 4)) {
        throw new JobException('the number of steps is not 1 to 2^32 - 1');
    }
    $proof = '';
    for ($lane = 0; $lane < LANES; $lane++) {
        $proof .= chain(substr($input, 0, WORD), $lane, $steps);
    }
    echo 'PHP: ', LANES, " lanes, 1 thread\n";
    return $proof;
}

$job = json_decode(file_get_contents('/in/job.json'), true, flags: JSON_THROW_ON_ERROR);
$result = ['schema' => 'gevulot/result@1', 'nonce' => $job['nonce']];
try {
    $proof = prove();
    file_put_contents('/out/proof', $proof);
    $named = ['name' => 'proof', 'size' => strlen($proof), 'sha256' => hash('sha256', $proof)];
    $result += ['status' => 'ok', 'files' => [$named]];
} catch (JobException $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    $result += ['status' => 'error', 'error' => $error->getMessage(), 'files' => []];
}
file_put_contents('/out/result.json', json_encode($result, JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR));
