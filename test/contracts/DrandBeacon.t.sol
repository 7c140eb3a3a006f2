// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrandBeacon} from "../../contracts/beacons/DrandBeacon.sol";
import {IBeacon} from "../../contracts/interfaces/IBeacon.sol";
import {IBeaconUser} from "../../contracts/interfaces/IBeaconUser.sol";
import {Test} from "../support/solidity/Test.sol";

/// @title Counts how often it was told to doubt the clock; refuses to hear it if the test says so
contract UserDouble is IBeaconUser {
    uint256 public doubts;
    bool public isDeaf;

    error Deaf();

    function deafen(bool isDeaf_) external {
        isDeaf = isDeaf_;
    }

    function doubtClock() external {
        if (isDeaf) revert Deaf();
        ++doubts;
    }
}

/// @dev Signatures and values are what drand's quicknet published, except where a test corrupts them.
contract DrandBeaconTest is Test {
    uint256 private constant GENESIS = 1_692_803_367;
    uint32 private constant ROUND = 1000;
    uint32 private constant LAG = 10;
    uint32 private constant MARGIN = 4;
    IBeaconUser private constant NOBODY = IBeaconUser(address(0));
    /// @dev A refused point burns the gas a precompile got; this bounds what each try costs.
    uint256 private constant GAS = 400_000;

    DrandBeacon private _beacon;

    function setUp() public {
        _beacon = new DrandBeacon(LAG, MARGIN, NOBODY);
        warp(GENESIS + 3 * 40_000_000);
    }

    // ─── Real rounds ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_publish_TakesEveryPublishedRound() public {
        _publishes(1000, _round1000(), 0xfe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd);
        _publishes(1001, _round1001(), 0xb0a591ad1b9002cfc372ac6e30abd3da8d3088d4caae026961743474fb94235f);
        _publishes(
            1002,
            [
                bytes32(0x0b066f9c12dd6de1336fca0f925192fb0c72a771c3e4c82ede1fd362c1a770f9),
                0xeb05843c6308ce2530b53a99c0281a6e1311d877209ccf4e919ca24e5c287584,
                0x4e1a77ab175b445f621b1f5b82ac19638e740205dfb8c075dd4ca8c55de03261
            ],
            0x339d3f0e702ed27d36966c6ee85a2bc762a24e178e7e5c835d9b5a7509cb920c
        );
        _publishes(
            1003,
            [
                bytes32(0x1104c82771698f45fd8dcfead083d482694c31ab519bcef077f126f3736fe98c),
                0x8392fd5d45d88aeb76b56ccfcb0296d70e9c397e1019389a95510880d20c04ef,
                0xcc296374fe4b4ed48ae7c4498e8ec713f4522ad6b4b3ebbcb6766e763343ede5
            ],
            0x758f0c906d8c5296a032a66f0d96c6e0eeea4291e8fc9830bbfb19a2ba8610a9
        );
        _publishes(
            32_285_085,
            [
                bytes32(0x01dbce51d584d90d618547f4b50391d53ace6f6b9aeb8fb67e1879427af9d031),
                0x0ac0ec6f519271d9a313ee84b378d416057c084662157cdba65cd5d756701732,
                0xd20942e7bb1269db3f67a2a4bb3e371a1d425093bf06667e89ad83cbbd0e4500
            ],
            0xd42020c3c65a4ec6adda3a69fdd41a698f31b661859e0e00f1276580a41d67ce
        );
        _publishes(
            32_285_086,
            [
                bytes32(0x064d99fd7fa3e48912be7209c7b69c72c88fc5224be2516949b6f29f3a4b7e3f),
                0xa069dd58b2bbb4bf2c34ae61ef631a44177de3efc6a4ac4d7b6fb992a98efb39,
                0xa19a8f9e462e9783fb89df01fe8bb1139618540e428837956256057574983ad0
            ],
            0x13bfa6a42a5a93d0f642e8d4548c2a94ea71b39585f65fd2842e0484d58d5554
        );
        _publishes(
            32_398_885,
            [
                bytes32(0x0f6d5ddd520329a4ce9a25db41c0552a5ac04bd56577138cbb0ec2b9326af2b8),
                0x012c7dc2c5bcddc439d922c93a281d2401fadabe64993454f31923b48851a97e,
                0x7163177962b9cda519e550ebd47daeee0c3801de540fb6740f7bdac4107b76e4
            ],
            0xb6d412641a7d58b20ef5dded4ae48e9358cc35710f90961d8fe6e99d0e0281ef
        );
    }

    function test_publish_OnceForAll() public {
        _beacon.publish(ROUND, _round1000());
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.AlreadyPublished.selector, ROUND));
        _beacon.publish(ROUND, _round1000());
    }

    function test_publish_ARoundAndTheOneFourLaterShareAWord() public {
        uint256 id = snapshot();
        for (uint256 order; order < 2; ++order) {
            if (order == 0) _beacon.publish(1000, _round1000());
            _beacon.publish(1004, _round1004());
            if (order == 1) _beacon.publish(1000, _round1000());
            assertEq(_beacon.value(1000), bytes16(0xfe290beca10872ef2fb164d2aa4442de), "the first");
            assertEq(_beacon.value(1004), bytes16(0x58af22b3402d77c3a0549dcc8a0ea364), "the second");
            bytes32 word = vm.load(address(_beacon), keccak256(abi.encode(uint256(1000), uint256(1))));
            assertEq(word, 0xfe290beca10872ef2fb164d2aa4442de58af22b3402d77c3a0549dcc8a0ea364, "one word");
            vm.expectRevert(abi.encodeWithSelector(DrandBeacon.AlreadyPublished.selector, 1000));
            _beacon.publish(1000, _round1000());
            vm.expectRevert(abi.encodeWithSelector(DrandBeacon.AlreadyPublished.selector, 1004));
            _beacon.publish(1004, _round1004());
            restore(id);
        }
    }

    /// @dev Only here the pairing accepts what it is given, so that there are values for any rounds.
    function testFuzz_publish_LeavesEveryOtherRoundAlone(
        uint32 round,
        uint32 other,
        bool isNear,
        bytes32[3] memory point,
        bytes32[3] memory otherPoint
    ) public {
        if (isNear) other = round ^ (other % 16);
        vm.assume(round != other);
        vm.mockCall(address(0x0f), "", abi.encode(true));
        _beacon.publish(round, point);
        bytes32 value = _beacon.value(round);
        assertTrue(value != 0, "known");
        assertEq(_beacon.value(other), 0, "the other is not");
        _beacon.publish(other, otherPoint);
        assertEq(_beacon.value(round), value, "as it was");
        // Every round that shares the sixteen around one of the two, theirs excepted.
        for (uint32 i; i < 16; ++i) {
            if (round ^ i != other && i != 0) assertEq(_beacon.value(round ^ i), 0, "a neighbour of the first");
            if (other ^ i != round && i != 0) assertEq(_beacon.value(other ^ i), 0, "a neighbour of the second");
        }
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.AlreadyPublished.selector, round));
        _beacon.publish(round, otherPoint);
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.AlreadyPublished.selector, other));
        _beacon.publish(other, point);
    }

    function test_publish_ByAnyone() public {
        vm.prank(account("a stranger"));
        _beacon.publish(ROUND, _round1000());
        assertTrue(_beacon.value(ROUND) != 0, "known");
    }

    // ─── Corrupted rounds ───────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_publish_RevertWhen_ABitIsFlipped(uint256 bit) public {
        bit = bound(bit, 0, 767);
        bytes32[3] memory point = _round1000();
        point[bit / 256] ^= bytes32(1 << (bit % 256));
        _refuses(ROUND, point);
    }

    function testFuzz_publish_RevertWhen_ItIsAnyOtherPoint(bytes32[3] memory point) public {
        _refuses(ROUND, point);
    }

    function test_publish_RevertWhen_ItIsAnotherRounds() public {
        _refuses(ROUND, _round1001());
        _refuses(1001, _round1000());
        _refuses(0, _round1000());
        // The same low 32 bits say nothing: the round is hashed as 64 bits.
        _refuses(type(uint32).max, _round1000());
    }

    function test_publish_RevertWhen_Negated() public {
        _refuses(
            ROUND,
            [
                bytes32(0x144679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125),
                0xe342b73a8dd2bacbe47e4b6b63ed5e390807e3a5179091aa03655c3048b2d1aa,
                0x1d86573a1665b20627a6c4e3194d42d4fb25a83bd81912e700f32229f5fdf3d9
            ]
        );
    }

    function test_publish_RevertWhen_PointAtInfinity() public {
        _refuses(ROUND, [bytes32(0), 0, 0]);
    }

    function test_publish_RevertWhen_ItIsTheHashedMessage() public {
        _refuses(
            ROUND,
            [
                bytes32(0x0f5a32d53837b00fbc0ee31ce9966435a41c5188a80ce9934d3c80588b6ad6f6),
                0x43ebda1b83ef89e44da9ced6205cdecf04754d95146af4bd20a900b0494bcd1f,
                0xb6406778975b4a9e38e806651736ff051ba689cf130adb29d362a1ab3214e6f7
            ]
        );
    }

    function test_publish_RevertWhen_NotOnTheCurve() public {
        _refuses(ROUND, [bytes32(0), bytes32(uint256(1) << 128), bytes32(uint256(1))]);
    }

    function test_publish_RevertWhen_NotInTheSubgroup() public {
        // x = 4 is on the curve, of another order.
        _refuses(
            ROUND,
            [
                bytes32(0),
                0x000000000000000000000000000000040a989badd40d6212b33cffc3f3763e9b,
                0xc760f988c9926b26da9dd85e928483446346b8ed00e1de5d5ea93e354abe706c
            ]
        );
        // The real signature plus a point of small order: the pairing alone would take it for the real one.
        _refuses(
            ROUND,
            [
                bytes32(0x14385d48ab9d338824a523ff7d310fbeeac0184598d56b49f27857bcd3ef91f6),
                0xead1c7ef99c9beee47784ebba5c635de0cd2024e3d8a435076710b6dd7f2eea0,
                0xe078b9713ba95fcbc35c8a9a1577bb2b9ae7ec38a9ece2578ebbc133393f629f
            ]
        );
    }

    function test_publish_RevertWhen_CoordinatesAreNotReduced() public {
        // The same point with p added to a coordinate: another text of it would have another hash.
        _refuses(
            ROUND,
            [
                bytes32(0x2e478ba3df1ad986d286c2215e20db8115d8ab488bb02c16ca81cbd53e7c074a),
                0x01eeb7393f26bacb9e7d4b6b63ed08e411f92e4521ef54f047b64b85fa98db2d,
                0x46f0f44add1f60b93f8a0dbddd63b34f238657c2d93aed18b90bddd60a01b6d2
            ]
        );
        _refuses(
            ROUND,
            [
                bytes32(0x144679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125),
                0xe342b73a8dd2bacbe47e4b6b63ed5e392bfa402f5b6f3b8a92d1f33c3de48804,
                0xab683fcfd0a47378a6bae05ed414a973423257c18a8eed18730addd60a01617d
            ]
        );
    }

    // ─── Rounds and time ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_constructor_RevertWhen_OutOfBounds() public {
        _refusesLag(10, 0);
        _refusesLag(10, 10);
        _refusesLag(201, 10);
        assertEq(new DrandBeacon(2, 1, NOBODY).lag(), 2, "the least");
        assertEq(new DrandBeacon(200, 199, NOBODY).margin(), 199, "the most");
    }

    function test_nextRound_IsAheadOfTheClockByTheLag() public {
        warp(GENESIS);
        assertEq(_beacon.nextRound(), 1 + LAG, "round 1 is due");
        warp(GENESIS + 2);
        assertEq(_beacon.nextRound(), 1 + LAG, "still");
        warp(GENESIS + 3);
        assertEq(_beacon.nextRound(), 2 + LAG, "round 2 is due");
        assertEq(_beacon.timeOf(2), GENESIS + 3, "its time");
        warp(GENESIS - 1);
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.BeforeGenesis.selector, GENESIS - 1, GENESIS));
        _beacon.nextRound();
    }

    function test_isOpen_EndsAMarginBeforeTheRound() public {
        warp(_beacon.timeOf(500));
        uint32 round = _beacon.nextRound();
        assertTrue(_beacon.isOpen(round), "when it is fixed");
        warp(_beacon.timeOf(round - MARGIN) - 1);
        assertTrue(_beacon.isOpen(round), "a second before the margin");
        warp(_beacon.timeOf(round - MARGIN));
        assertFalse(_beacon.isOpen(round), "in the margin");
        warp(_beacon.timeOf(round));
        assertFalse(_beacon.isOpen(round), "at its time");
    }

    function test_nextRound_RevertWhen_APublishedRoundShowsThatTheClockIsStale() public {
        // The round is due in five rounds by this chain's clock, and public already: the clock is late by more than the margin.
        warp(_beacon.timeOf(ROUND - MARGIN - 1));
        uint32 fixedBefore = _beacon.nextRound();
        _beacon.publish(ROUND, _round1000());
        assertEq(_beacon.ahead(), ROUND, "remembered");
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.ClockStale.selector, ROUND, ROUND - MARGIN - 1));
        _beacon.nextRound();
        assertFalse(_beacon.isOpen(fixedBefore), "whoever waits may know it already");
        // Once the clock is within the margin again, everything goes on.
        warp(_beacon.timeOf(ROUND - MARGIN));
        assertEq(_beacon.nextRound(), ROUND - MARGIN + LAG, "goes on");
        assertTrue(_beacon.isOpen(_beacon.nextRound()), "open");
    }

    function test_nextRound_IsNeverAKnownRoundOrAnEarlierOne() public {
        for (uint32 late = 0; late < 2 * LAG; ++late) {
            uint256 id = snapshot();
            warp(_beacon.timeOf(ROUND - late));
            _beacon.publish(ROUND, _round1000());
            (bool ok, bytes memory data) = address(_beacon).staticcall(abi.encodeCall(DrandBeacon.nextRound, ()));
            assertTrue(ok == (late <= MARGIN), "submissions stop beyond the margin");
            if (ok) assertLt(ROUND, abi.decode(data, (uint32)), "later than what is known");
            restore(id);
        }
    }

    function test_publish_TellsTheUserEachTimeTheClockTurnsOutToBeStale() public {
        UserDouble user = new UserDouble();
        _beacon = new DrandBeacon(LAG, MARGIN, user);
        warp(_beacon.timeOf(ROUND - MARGIN));
        _beacon.publish(ROUND, _round1000());
        assertEq(user.doubts(), 0, "within the margin rounds are named");
        warp(_beacon.timeOf(ROUND - MARGIN));
        _beacon.publish(1001, _round1001());
        assertEq(user.doubts(), 1, "one more is beyond it");
        (bool ok, ) = address(_beacon).staticcall(abi.encodeCall(DrandBeacon.nextRound, ()));
        assertFalse(ok, "which is when none is named");
    }

    function test_publish_IsUndoneWhenTheUserDidNotHear() public {
        UserDouble user = new UserDouble();
        _beacon = new DrandBeacon(LAG, MARGIN, user);
        warp(_beacon.timeOf(ROUND - MARGIN - 1));
        user.deafen(true);
        vm.expectRevert(abi.encodeWithSelector(UserDouble.Deaf.selector));
        _beacon.publish(ROUND, _round1000());
        assertEq(_beacon.value(ROUND), 0, "so that it can be relayed again");
        user.deafen(false);
        _beacon.publish(ROUND, _round1000());
        assertEq(user.doubts(), 1, "and be heard");
    }

    function testFuzz_scheduleFor_SaysWhatNextRoundSays(uint32 late) public {
        UserDouble user = new UserDouble();
        _beacon = new DrandBeacon(LAG, MARGIN, user);
        warp(GENESIS + late);
        IBeacon.Schedule memory s = _beacon.scheduleFor(address(user));
        assertEq((block.timestamp - s.genesis) / s.period + 1 + s.lag, _beacon.nextRound(), "the same round");
        assertEq(_beacon.scheduleFor(address(this)).lag, 0, "nobody else is told, so nobody else may count");
    }

    function test_publish_ARoundInTimeCostsNoSecondWord() public {
        _beacon.publish(ROUND, _round1000());
        assertEq(_beacon.ahead(), 0, "nothing to remember");
    }

    function test_publish_AnEarlierRoundDoesNotHideALaterOne() public {
        warp(_beacon.timeOf(900));
        _beacon.publish(1001, _round1001());
        _beacon.publish(ROUND, _round1000());
        assertEq(_beacon.ahead(), 1001, "the later one counts");
    }

    // ─── Helpers ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @param randomness What drand published.
    function _publishes(uint32 round, bytes32[3] memory point, bytes32 randomness) private {
        _beacon.publish(round, point);
        assertEq(_beacon.value(round), bytes16(randomness), "its first half");
    }

    function _refuses(uint32 round, bytes32[3] memory point) private {
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.RoundNotSigned.selector, round));
        _beacon.publish{gas: GAS}(round, point);
        assertEq(_beacon.value(round), 0, "unknown");
    }

    function _refusesLag(uint32 lag, uint32 margin) private {
        vm.expectRevert(abi.encodeWithSelector(DrandBeacon.LagOutOfBounds.selector, lag, margin, 200));
        new DrandBeacon(lag, margin, NOBODY);
    }

    function _round1000() private pure returns (bytes32[3] memory) {
        return
            [
                bytes32(0x144679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125),
                0xe342b73a8dd2bacbe47e4b6b63ed5e3911f92e4521ef54f047b64b85fa98db2d,
                0x46f0f44add1f60b93f8a0dbddd63b34f238657c2d93aed18b90bddd60a01b6d2
            ];
    }

    function _round1001() private pure returns (bytes32[3] memory) {
        return
            [
                bytes32(0x133bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03),
                0xf73896b25883abf2853d10337fb8fa4115725954c8f0c9afc82902f9f39d202a,
                0x4fbe48d7cd5ed3ab26c458f6773b385639e980a4fe3073672572fa77fbdbded0
            ];
    }

    function _round1004() private pure returns (bytes32[3] memory) {
        return
            [
                bytes32(0x040658b820c0f8c10207524179a2031ba9537688a0d04e4851b58026be9a341f),
                0xee3b96fb48ffad28483d84b40a5864aa16d3a4f4e84b9bebe85f38361fa41305,
                0x5274577cab901490039f536e25cdd0e30d7f95aabcc174f8683974311ef40906
            ];
    }
}
