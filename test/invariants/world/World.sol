// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Committee} from "../../../contracts/Committee.sol";
import {GevulotToken} from "../../../contracts/GevulotToken.sol";
import {DirectOwner} from "../../../contracts/access/DirectOwner.sol";
import {IMarket} from "../../../contracts/interfaces/IMarket.sol";
import {IRelay, IRelayTypes} from "../../../contracts/interfaces/IRelay.sol";
import {Market} from "../../../contracts/Market.sol";
import {MarketExtension} from "../../../contracts/MarketExtension.sol";
import {ProverRegistry} from "../../../contracts/ProverRegistry.sol";
import {Qualification} from "../../../contracts/Qualification.sol";
import {Relay} from "../../../contracts/Relay.sol";
import {Rewards} from "../../../contracts/Rewards.sol";
import {RewardModel} from "../model/RewardModel.sol";
import {CHEATS} from "./Cheats.sol";
import {ClockBeacon} from "./ClockBeacon.sol";
import {EchoPuzzle} from "./EchoPuzzle.sol";
import {MoodyVerifier} from "./MoodyVerifier.sol";

/// @title The contracts under test, their actors, and how an act is tried
/// @notice Every act is tried by {_try} with the error the model predicts (zero: success). Anything else is a failure.
abstract contract World is RewardModel {
    /// @notice The market or the registry did not answer as the model says.
    error Unpredicted(string act, bytes4 predicted, bool succeeded, bytes answer);
    /// @notice Something the contracts say differs from the model.
    error Differs(string what, uint256 contracts, uint256 model);

    uint256 internal constant REQUESTERS = 3;
    uint256 internal constant OPERATORS = 6;
    uint256 internal constant ACTORS = 11;
    uint256 internal constant PURSE = 1e26;
    uint256 internal constant SUPPLY = PURSE * ACTORS;
    uint32 internal constant VERIFIER_GAS = 100_000;
    /// @dev A submitter key of every actor.
    address private constant SUBMITTER = address(0x407);
    /// @dev More than any act needs.
    uint256 private constant RELAYED_GAS = 15_000_000;
    /// @dev Validator seats of each operator: all together more than an appeal draws.
    uint256 private constant VALIDATOR_SEATS = 4;

    GevulotToken internal _token;
    ProverRegistry internal _registry;
    IMarket internal _market;
    Relay internal _relay;
    Qualification internal _qualification;
    Committee internal _committee;
    Rewards internal _rewards;
    ClockBeacon internal _beacon;

    /// @notice How often each act succeeded, and was refused as predicted.
    mapping(string act => uint256 count) public done;
    mapping(string act => uint256 count) public refused;

    /// @dev Last second of a class's last pause, and whether it still waits to be lifted.
    mapping(uint8 class => uint256 time) internal _pauseEnd;
    mapping(uint8 class => bool set) internal _pauseSet;

    uint256 private _dice;
    uint256 private _relayNonce;
    EchoPuzzle private _puzzle;
    address[] private _actors;

    constructor() {
        _clock = 1_800_000_000;
        // Actors have keys: operators sign verdicts.
        for (uint256 i; i < ACTORS; ++i) _actors.push(CHEATS.addr(_keyOf(i)));
        CHEATS.warp(_clock);
        _deploy();
        _genesis = _clock;
        _epochLength = 600;
        _cooldown = 7 days;
        _supply = SUPPLY;
        for (uint256 i; i < ACTORS; ++i) _equip(_actor(i));
        _openForBusiness();
        for (uint256 i; i < OPERATORS; ++i) _openSeats(_operator(i), 1 + (i % 3));
        _pass(_epochLength);
        _setPolicy(_aPolicy(300, 1 hours, 5000, 2, 100));
    }

    // ─── Actors ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev 0–5 operators, 6–7 requesters, 8–9 keepers, 10 a stranger. Operator 5 is the third requester: it can try to pay itself.
    function _actor(uint256 i) internal view returns (address) {
        return _actors[i];
    }

    function _keyOf(uint256 i) internal pure returns (uint256) {
        return 0xAC70000 + i;
    }

    function _operator(uint256 i) internal view returns (address) {
        return _actor(i);
    }

    function _requester(uint256 i) internal view returns (address) {
        return _actor(OPERATORS - 1 + i);
    }

    /// @dev One of the keepers.
    function _guardian() internal view returns (address) {
        return _actor(9);
    }

    function _everybody() internal view returns (address[] memory all) {
        all = new address[](ACTORS);
        for (uint256 i; i < ACTORS; ++i) all[i] = _actor(i);
    }

    // ─── Chance ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _shake(uint256 seed) internal {
        _dice = seed;
    }

    /// @dev A number below `sides`, decided by the seed of this act.
    function _roll(uint256 sides) internal returns (uint256) {
        _dice = uint256(keccak256(abi.encode(_dice)));
        return _dice % sides;
    }

    function _chance(uint256 oneIn) internal returns (bool) {
        return _roll(oneIn) == 0;
    }

    function _anybody() internal returns (address) {
        return _actor(_roll(ACTORS));
    }

    // ─── Time and acts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _pass(uint256 time) internal {
        _clock += time;
        CHEATS.warp(_clock);
    }

    /// @dev Tries an act; true when it succeeded, and was predicted to.
    function _try(
        string memory act,
        address actor,
        address target,
        bytes memory call,
        bytes4 predicted
    ) internal returns (bool ok) {
        bytes memory answer;
        (ok, answer) = _send(actor, target, call);
        bool right = ok ? predicted == 0 : (predicted != 0 && answer.length > 3 && bytes4(answer) == predicted);
        if (!right) revert Unpredicted(act, predicted, ok, answer);
        if (ok) ++done[act];
        else ++refused[act];
    }

    /// @dev What an act brings about must not depend on its way: directly, in a batch, by a submitter key, or in a batch by one. The call
    /// itself decides, so that a list of acts with their seeds stays a test. What fails in a batch must fail alone.
    function _send(address actor, address target, bytes memory call) private returns (bool, bytes memory answer) {
        uint256 way = uint256(keccak256(call)) % 5;
        if (_isSigned(target, call)) return _execute(actor, target, call);
        if (way > 1 && _relay.isAct(target, bytes4(call))) {
            CHEATS.prank(actor);
            _relay.nameSubmitter(SUBMITTER, _clock + 1);
            CHEATS.prank(SUBMITTER);
            bool many = way == 3 && target == address(_market);
            if (many && _relay.actMany(actor, _single(call))[0]) return (true, answer);
            if (many) CHEATS.prank(SUBMITTER);
            return _alone(many, address(_relay), abi.encodeCall(_relay.act, (actor, target, call)));
        }
        CHEATS.prank(actor);
        bool batch = way == 1 && target == address(_market);
        if (batch && _market.tryMany(_single(call))[0]) return (true, answer);
        if (batch) CHEATS.prank(actor);
        return _alone(batch, target, call);
    }

    /// @dev Whether a call goes its way as a signed action.
    function _isSigned(address target, bytes memory call) private view returns (bool) {
        bool relayed =
            target == address(_market) ||
                target == address(_registry) ||
                target == address(_qualification) ||
                target == address(_committee);
        return relayed && uint256(keccak256(call)) % 5 == 4;
    }

    /// @dev How an act of the owner by another is refused; no signature reaches one at all.
    function _notOwner(address target, bytes memory call) internal view returns (bytes4) {
        if (_isSigned(target, call)) return DirectOwner.OwnerActsDirectly.selector;
        return Ownable.OwnableUnauthorizedAccount.selector;
    }

    /// @dev By the actor's signature, sent by somebody else.
    function _execute(address actor, address target, bytes memory call) private returns (bool, bytes memory answer) {
        IRelayTypes.Action memory action = IRelayTypes.Action(actor, target, RELAYED_GAS, _relayNonce++, _clock, call);
        uint256 key;
        for (uint256 i; i < ACTORS; ++i) if (_actor(i) == actor) key = _keyOf(i);
        (uint8 v, bytes32 r, bytes32 s) = CHEATS.sign(key, _relay.digestOf(action));
        CHEATS.prank(SUBMITTER);
        bool ok;
        (ok, answer) = address(_relay).call(abi.encodeCall(IRelay.execute, (action, abi.encodePacked(r, s, v))));
        return (ok, ok ? abi.decode(answer, (bytes)) : answer);
    }

    function _submitter() internal pure returns (address) {
        return SUBMITTER;
    }

    function _alone(bool failed, address target, bytes memory call) private returns (bool ok, bytes memory answer) {
        (ok, answer) = target.call(call);
        if (ok && failed) revert Differs("what failed in a batch alone", 0, 1);
    }

    function _single(bytes memory call) private pure returns (bytes[] memory calls) {
        calls = new bytes[](1);
        calls[0] = call;
    }

    function _tryMarket(string memory act, address actor, bytes memory call, bytes4 predicted) internal returns (bool) {
        return _try(act, actor, address(_market), call, predicted);
    }

    function _tryRegistry(
        string memory act,
        address actor,
        bytes memory call,
        bytes4 predicted
    ) internal returns (bool) {
        return _try(act, actor, address(_registry), call, predicted);
    }

    function _same(string memory what, uint256 contracts, uint256 model) internal pure {
        if (contracts != model) revert Differs(what, contracts, model);
    }

    function _one(uint256 x) internal pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = x;
    }

    // ─── Deployment ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _deploy() private {
        _token = new GevulotToken(address(this), SUPPLY);
        _beacon = new ClockBeacon();
        // Nonces of this contract: token 1, beacon 2, registry 3, extension 4, market 5, relay 6, qualification 7, committee 8.
        Peers memory peers = Peers({
            market: _created(hex"05"),
            relay: _created(hex"06"),
            qualification: _created(hex"07"),
            committee: _created(hex"08")
        });
        ERC20Burnable token = ERC20Burnable(address(_token));
        _registry = new ProverRegistry(token, peers, address(this), 600, 7 days);
        MarketExtension extension = new MarketExtension(token, _registry);
        _market = IMarket(address(new Market(extension, address(this))));
        _relay = new Relay(address(_market), address(_registry), peers.qualification, peers.committee);
        _qualification = new Qualification(_registry, address(this));
        _committee = new Committee(token, _market, _registry, VALIDATORS);
        _rewards = new Rewards(_market, token, address(this), REWARD_EPOCH);
        _puzzle = new EchoPuzzle();
        _checks.push();
        assert(address(_market) == peers.market && address(_relay) == peers.relay);
        assert(address(_committee) == peers.committee);
    }

    /// @dev Address of what this contract deploys with a nonce below 128.
    function _created(bytes1 nonce) private view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(this), nonce)))));
    }

    function _equip(address actor) private {
        require(_token.transfer(actor, PURSE));
        CHEATS.prank(actor);
        _token.approve(address(_market), type(uint256).max);
        CHEATS.prank(actor);
        _token.approve(address(_registry), type(uint256).max);
        CHEATS.prank(actor);
        _token.approve(address(_committee), type(uint256).max);
        CHEATS.prank(actor);
        _token.approve(address(_rewards), type(uint256).max);
        _wallet[actor] = PURSE;
    }

    /// @dev Two classes, three programs, one set of rules, admitted operators, requesters with money.
    function _openForBusiness() private {
        _market.openList(AccessList.Requesters);
        _market.openList(AccessList.Deployers);
        _market.setGuardian(_guardian());
        CHEATS.prank(_guardian());
        _market.acceptGuardian();
        _rules.push();
        _addRules(Rules(60, 20 minutes, 3, 300, 30, 500, 2e6, 3e6, 400, 600, address(_beacon)));
        for (uint8 class; class < 2; ++class) {
            _setBond(class, ClassBond(1000 ether, 1000, 1000, 2));
            _setTerms(class, ClassTerms(1e8, 1000, 1));
            for (uint256 i; i < 2; ++i) _addProgram(class, i == 1);
            _addJudgedProgram(class);
        }
        _setBond(VALIDATORS, ClassBond(100 ether, 1000, 1000, 2));
        _setRewards(50 ether, 9000);
        for (uint256 i; i < OPERATORS; ++i) _admit(_operator(i), true);
        for (uint256 i; i < REQUESTERS; ++i) _fund(_requester(i), PURSE / 2);
    }

    function _addProgram(uint8 class, bool binds) private {
        MoodyVerifier verifier = new MoodyVerifier(binds);
        Program memory program = Program(keccak256("prover"), 0, address(verifier), VERIFIER_GAS, class, binds);
        _programs.push(ProgramBook(_market.deployProgram(program, ""), class, binds, false, _pinOf(program)));
    }

    function _addJudgedProgram(uint8 class) private {
        Program memory program = Program(keccak256("prover"), keccak256("verifier"), address(0), 0, class, false);
        _programs.push(ProgramBook(_market.deployProgram(program, ""), class, false, true, _pinOf(program)));
    }

    /// @dev What a verification is passed of a program, by the words of the interface.
    function _pinOf(Program memory p) private pure returns (Pin memory) {
        uint256 word = uint256(uint160(p.verifier)) + uint256(p.verifierGas) * 2 ** 160 + uint256(p.class) * 2 ** 192;
        if (p.bindsProver) word += 2 ** 200;
        return Pin(keccak256(abi.encode(p.prover, p.verifierProgram)), word + 2 ** 201);
    }

    function _fund(address requester, uint256 amount) private {
        CHEATS.prank(requester);
        _market.deposit(requester, amount);
        _wallet[requester] -= amount;
        _balance[requester] += amount;
    }

    function _openSeats(address operator, uint256 count) private {
        CHEATS.prank(operator);
        _registry.stake(0, count, 0);
        _applyStake(operator, 0, count, 0);
        CHEATS.prank(operator);
        _registry.stake(1, 1, 0);
        _applyStake(operator, 1, 1, 0);
        CHEATS.prank(operator);
        _registry.stake(VALIDATORS, VALIDATOR_SEATS, 0);
        _applyStake(operator, VALIDATORS, VALIDATOR_SEATS, 0);
    }

    // ─── The owner ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _addRules(Rules memory rules) internal {
        _market.addRules(rules);
        _rules.push(rules);
    }

    function _setTerms(uint8 class, ClassTerms memory terms) internal {
        _market.setClassTerms(class, terms);
        _terms[class] = terms;
    }

    function _setBond(uint8 class, ClassBond memory bond) internal {
        _registry.setClassBond(class, bond);
        ClassBond memory terms = _termsOf(class);
        bool waits =
            terms.bond != 0 &&
                !(terms.slashBps == bond.slashBps &&
                    terms.bountyBps == bond.bountyBps &&
                    terms.declineQuota == bond.declineQuota);
        _waitingTerms[class] = bond;
        _waitingUntil[class] = waits ? _clock + _cooldown : 0;
        if (!waits) terms = bond;
        terms.bond = bond.bond;
        _bonds[class] = terms;
    }

    function _aPolicy(
        uint24 window,
        uint32 period,
        uint16 fractionBps,
        uint8 excuses,
        uint16 chargeBps
    ) internal view returns (Policy memory) {
        return Policy(address(_puzzle), window, period, fractionBps, excuses, address(_beacon), chargeBps);
    }

    /// @dev A policy for the checked class; without a puzzle none is in force, and the schedule stays.
    function _setPolicy(Policy memory policy) internal {
        uint256 number = _qualification.setPolicy(CHECKED, policy);
        if (policy.puzzle != address(0)) {
            _policies.push(policy);
            if (_nextCheckAt == 0) _nextCheckAt = _clock;
        }
        _policy = policy.puzzle == address(0) ? 0 : _policies.length;
        _same("number of a policy", number, _policy);
    }

    function _setRewards(uint96 budget, uint16 kappaBps) internal {
        _rewards.setParameters(budget, kappaBps, 0);
        (_budget, _kappa) = (budget, kappaBps);
    }

    function _admit(address operator, bool isAdmitted) internal {
        _registry.admit(operator, isAdmitted);
        _admitted[operator] = isAdmitted;
    }
}
